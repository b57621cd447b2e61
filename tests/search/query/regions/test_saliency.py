"""The region that differs from the border is found without a model."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from search.encoder.local_features import EncodedPictures
from search.query.regions import SaliencyRegions
from search.query.regions.saliency import SIDE_PX, salience

NOTHING_SAID = EncodedPictures(
    vectors=np.ones((1, 1), np.float32),
    patches=np.empty((1, 0, 0), np.int8),
    weights=np.empty((1, 0), np.float32),
    regions=np.empty((1, 0, 0, 0), np.float32),
    share=0.0,
)


def drawn(*things: tuple[float, float, float, float]) -> Image.Image:
    """Return a photo of a wall and a floor, with red things at the given corners."""
    photo = Image.new("RGB", (300, 200), (190, 190, 180))
    pen = ImageDraw.Draw(photo)
    pen.rectangle((0, 120, 300, 200), fill=(120, 90, 70))
    for left, up, right, down in things:
        pen.ellipse((300 * left, 200 * up, 300 * right, 200 * down), fill=(200, 20, 30))
    noise = np.random.default_rng(0).normal(0, 4, (200, 300, 3))
    return Image.fromarray(np.clip(np.asarray(photo) + noise, 0, 255).astype(np.uint8))


@pytest.mark.parametrize(
    "thing", [(0.3, 0.3, 0.7, 0.8), (0.15, 0.2, 0.4, 0.5), (0.5, 0.55, 0.85, 0.9)]
)
def test_a_thing_before_wall_and_floor_is_found(thing: tuple[float, float, float, float]) -> None:
    found = SaliencyRegions().propose(drawn(thing), NOTHING_SAID)

    box = found[0].box
    assert (box.x, box.y, box.x + box.w, box.y + box.h) == pytest.approx(thing, abs=0.06)
    assert 0 < found[0].score <= 1


def test_the_larger_of_two_things_comes_first() -> None:
    found = SaliencyRegions().propose(
        drawn((0.1, 0.35, 0.28, 0.6), (0.45, 0.25, 0.85, 0.8)), NOTHING_SAID
    )

    assert len(found) == 2
    assert found[0].box.x == pytest.approx(0.45, abs=0.06)
    assert found[1].box.x == pytest.approx(0.1, abs=0.06)


def test_a_blank_photo_shows_nothing() -> None:
    blank = Image.new("RGB", (80, 60), (200, 200, 200))

    assert salience(blank).max() == 0
    assert SaliencyRegions().propose(blank, NOTHING_SAID) == ()


def test_salience_is_one_at_most_and_none_on_the_ground() -> None:
    map_ = salience(drawn((0.4, 0.3, 0.6, 0.6)))

    assert map_.shape == (SIDE_PX, SIDE_PX)
    assert map_.max() == pytest.approx(1)
    assert map_[:8].max() < 0.2
