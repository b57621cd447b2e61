"""Boxes become a few regions, best first; overlapping boxes are one region."""

import numpy as np
import pytest
from PIL import Image

from search.encoder.local_features import EncodedPictures
from search.query.regions import EncoderRegions, SaliencyRegions, best_region
from search.query.regions.proposer import MAX_REGIONS, MIN_SCORE, WHOLE, strongest
from search.results import Box, Region

PHOTO = Image.new("RGB", (40, 30))
PROPOSER = EncoderRegions(SaliencyRegions())


def boxes(*corners: tuple[float, float, float, float]) -> np.ndarray:
    return np.array(corners, np.float32)


def corners(region: Region) -> tuple[float, ...]:
    box = region.box
    return tuple(round(side, 3) for side in (box.x, box.y, box.x + box.w, box.y + box.h))


def described(maps: np.ndarray) -> EncodedPictures:
    return EncodedPictures(
        vectors=np.ones((1, 1), np.float32),
        patches=np.empty((1, 0, 0), np.int8),
        weights=np.empty((1, 0), np.float32),
        regions=maps.astype(np.float32),
        share=0.0,
    )


def test_regions_come_best_first() -> None:
    given = boxes((0, 0, 0.2, 0.2), (0.7, 0.7, 1, 1), (0.4, 0.4, 0.6, 0.6))

    found = strongest(given, np.array([0.3, 0.9, 0.6], np.float32))

    assert [region.score for region in found] == pytest.approx([0.9, 0.6, 0.3])
    assert corners(found[0]) == (0.7, 0.7, 1, 1)


def test_of_overlapping_boxes_the_best_stays() -> None:
    given = boxes((0.1, 0.1, 0.5, 0.5), (0.12, 0.1, 0.52, 0.5), (0.3, 0.3, 0.9, 0.9))

    found = strongest(given, np.array([0.5, 0.8, 0.4], np.float32))

    assert [corners(region) for region in found] == [(0.12, 0.1, 0.52, 0.5), (0.3, 0.3, 0.9, 0.9)]


def test_a_box_within_another_is_the_same_thing() -> None:
    """Their intersection over union is small, but one lies inside the other."""
    given = boxes((0.1, 0.1, 0.9, 0.9), (0.2, 0.2, 0.4, 0.4))

    assert len(strongest(given, np.array([0.8, 0.5], np.float32))) == 1
    assert corners(strongest(given, np.array([0.5, 0.8], np.float32))[0]) == (0.2, 0.2, 0.4, 0.4)


def test_there_are_at_most_six() -> None:
    given = boxes(*((i / 10, 0, i / 10 + 0.08, 0.1) for i in range(9)))

    found = strongest(given, np.linspace(0.9, 0.5, 9, dtype=np.float32))

    assert len(found) == MAX_REGIONS == 6
    assert [corners(region)[0] for region in found] == pytest.approx(np.arange(6) / 10)


def test_weak_and_empty_boxes_are_no_regions() -> None:
    given = boxes((0, 0, 0.2, 0.2), (0.5, 0.5, 0.5, 0.9))

    assert strongest(given, np.array([MIN_SCORE - 0.01, 0.9], np.float32)) == ()
    assert strongest(np.empty((0, 4), np.float32), np.empty(0, np.float32)) == ()


def test_the_encoders_maps_are_read_from_the_middle_of_each_cell() -> None:
    """One cell of a 4 x 4 map has a high score."""
    maps = np.zeros((1, 5, 4, 4))
    maps[0, 0] = -10
    maps[0, :, 1, 2] = [3, 0.2, 0.1, 0.3, 0.4]  # score; left, up, right, down

    (found,) = PROPOSER.propose(PHOTO, described(maps))

    assert corners(found) == (0.425, 0.275, 0.925, 0.775)
    assert found.score == pytest.approx(1 / (1 + np.exp(-3)), abs=1e-4)


def test_boxes_are_clipped_to_the_photo() -> None:
    maps = np.full((1, 5, 2, 2), 5.0)

    (found,) = PROPOSER.propose(PHOTO, described(maps))

    assert corners(found) == (0, 0, 1, 1)


def test_for_a_model_without_a_region_head_the_other_proposer_is_asked() -> None:
    photo = PHOTO.copy()
    photo.paste((250, 0, 0), (10, 10, 25, 22))
    silent = described(np.zeros((1, 0, 0, 0)))

    found = PROPOSER.propose(photo, silent)

    assert found == SaliencyRegions().propose(photo, silent) != ()


def test_the_best_region_is_meant_unless_it_is_the_photo() -> None:
    small, large = Region(Box(0.1, 0.1, 0.5, 0.5), 0.9), Region(Box(0, 0, 1, WHOLE), 0.95)

    assert best_region((small, large)) is small
    assert best_region((large, small)) is None
    assert best_region(()) is None
