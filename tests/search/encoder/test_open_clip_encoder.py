"""The embedded encoder: its vectors of pictures and texts."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from search.encoder import EMBEDDED_CHECKPOINT, OpenClipEncoder


@pytest.fixture(scope="module")
def embedded(encoder: OpenClipEncoder) -> OpenClipEncoder:
    return encoder


def mug(colour: str, side: int = 320) -> Image.Image:
    """Draw a mug with a handle on a light ground."""
    image = Image.new("RGB", (side, side), "#f4f3f1")
    draw = ImageDraw.Draw(image)
    unit = side / 16
    draw.ellipse(_box(9.2, 5.5, 13.4, 10.5, unit), outline=colour, width=int(unit))
    draw.rounded_rectangle(_box(3.5, 4, 11, 13, unit), radius=unit, fill=colour)
    draw.ellipse(_box(3.5, 3.2, 11, 5, unit), fill="#3b3431", outline=colour, width=int(unit / 3))
    return image


def sofa(colour: str, side: int = 320) -> Image.Image:
    """Draw a sofa: a back, two arms, two cushions, four feet."""
    image = Image.new("RGB", (side, side), "#f4f3f1")
    draw = ImageDraw.Draw(image)
    unit = side / 16
    for x in (2.2, 12.8):
        draw.rectangle(_box(x, 11.5, x + 0.8, 12.7, unit), fill="#5b4636")
    draw.rounded_rectangle(_box(2, 4.5, 14, 10, unit), radius=unit, fill=colour, outline="#333333")
    for left in (3, 8):
        seat = _box(left, 7.8, left + 5, 11, unit)
        draw.rounded_rectangle(seat, radius=unit / 2, fill=colour, outline="#333333", width=2)
    for left in (1, 13):
        arm = _box(left, 6.5, left + 2, 11.8, unit)
        draw.rounded_rectangle(arm, radius=unit, fill=colour, outline="#333333", width=2)
    return image


def _box(
    left: float, top: float, right: float, bottom: float, unit: float
) -> tuple[float, float, float, float]:
    return left * unit, top * unit, right * unit, bottom * unit


def noise(seed: int, size: tuple[int, int]) -> Image.Image:
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 256, size=(6, 6, 3), dtype=np.uint8))
    return small.resize(size, Image.Resampling.BICUBIC)


def test_vectors_are_unit_float32(embedded: OpenClipEncoder) -> None:
    images = embedded.encode_images([mug("#c01f2b"), noise(1, (90, 400)), noise(2, (500, 60))])
    texts = embedded.encode_texts(["red mug", "a chair", ""])

    for vectors in (images, texts):
        assert vectors.dtype == np.float32
        assert vectors.shape == (3, embedded.dim)
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_nothing_in_nothing_out(embedded: OpenClipEncoder) -> None:
    assert embedded.encode_images([]).shape == (0, embedded.dim)
    assert embedded.encode_texts([]).shape == (0, embedded.dim)


def test_batch_equals_single(embedded: OpenClipEncoder) -> None:
    """More pictures than fit one forward pass come back in order."""
    images = [noise(seed, (120, 120)) for seed in range(34)]

    together = embedded.encode_images(images)

    for i in (0, 1, 31, 32, 33):
        np.testing.assert_allclose(together[i], embedded.encode_images([images[i]])[0], atol=1e-4)
    words = [f"{word} mug" for word in ("red", "tall striped", "a photo of a stoneware coffee")]
    singles = np.concatenate([embedded.encode_texts([word]) for word in words])
    np.testing.assert_allclose(embedded.encode_texts(words), singles, atol=1e-4)


def test_preprocessing_is_thread_safe(embedded: OpenClipEncoder) -> None:
    images = [noise(seed, (300, 200)) for seed in range(16)]
    alone = torch.stack([embedded.preprocess(image) for image in images])

    with ThreadPoolExecutor(4) as threads:
        shared = torch.stack(list(threads.map(embedded.preprocess, images)))

    assert torch.equal(alone, shared)
    assert shared.dtype == torch.uint8  # a quarter of the bytes; the device normalises them
    np.testing.assert_allclose(
        embedded.describe_pixels(shared).vectors, embedded.encode_images(images), atol=1e-5
    )


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK"])
def test_other_picture_modes_are_converted(embedded: OpenClipEncoder, mode: str) -> None:
    vectors = embedded.encode_images([mug("#c01f2b").convert(mode)])

    assert vectors.shape == (1, embedded.dim)
    assert np.isfinite(vectors).all()


def test_words_find_the_drawing(embedded: OpenClipEncoder) -> None:
    """Each drawing is nearer to its own description than to the other's."""
    drawings = embedded.encode_images([mug("#c4202c"), sofa("#2f5fc4")])
    words = embedded.encode_texts(["red mug", "blue sofa"])

    similarity = words @ drawings.T

    assert similarity[0, 0] > similarity[0, 1] + 0.05
    assert similarity[1, 1] > similarity[1, 0] + 0.05


def test_colour_words_are_heard(embedded: OpenClipEncoder) -> None:
    hexes = {"red": "#c4202c", "blue": "#2f5fc4", "green": "#3a8a48", "black": "#1c1c1e"}
    drawings = embedded.encode_images([mug(colour) for colour in hexes.values()])
    words = embedded.encode_texts([f"{name} mug" for name in hexes])

    assert (words @ drawings.T).argmax(axis=1).tolist() == [0, 1, 2, 3]


def test_the_same_thing_is_found_by_photo(embedded: OpenClipEncoder) -> None:
    shop = embedded.encode_images(
        [mug("#c4202c"), sofa("#c4202c"), mug("#2f5fc4"), sofa("#2f5fc4")]
    )
    turned = mug("#c4202c").rotate(9, fillcolor="#d8d2c8").crop((20, 20, 300, 310))

    assert int((shop @ embedded.encode_images([turned])[0]).argmax()) == 0


def test_texts_say_nothing_about_looks(embedded: OpenClipEncoder) -> None:
    """The visual part of a text's vector is zero, so that it can't disturb the ranking."""
    from search.encoder.embedded.tower import TowerShape

    words = embedded.encode_texts(["red mug", "oak dining chair", "x"])

    assert np.abs(words[:, : TowerShape().visual_dim]).max() < 1e-6


def test_the_package_stays_small() -> None:
    size = sum(file.stat().st_size for file in EMBEDDED_CHECKPOINT.rglob("*") if file.is_file())

    assert size <= 25_000_000


CANONICAL = Path(__file__).with_name("canonical.npz")
DRAWN = ("#c4202c", "#2f5fc4")
SAID = ("red mug", "do you have a blue sofa?", "striped wool blanket", "")


def test_vectors_are_those_of_every_machine(embedded: OpenClipEncoder) -> None:
    """An index built on one machine must answer queries encoded on another."""
    with np.load(CANONICAL) as pinned:
        images, texts = pinned["images"].astype(np.float32), pinned["texts"].astype(np.float32)

    found = embedded.encode_images([draw(hexes) for draw in (mug, sofa) for hexes in DRAWN])

    assert (found * images).sum(axis=1).min() > 0.995
    assert (embedded.encode_texts(SAID) * texts).sum(axis=1).min() > 0.999


@pytest.mark.parametrize("noun", ["mug", "sofa"])
def test_a_question_means_what_it_asks_for(embedded: OpenClipEncoder, noun: str) -> None:
    bare, asked, striped = embedded.encode_texts(
        [f"red {noun}", f"do you have a red {noun}, please?", f"red {noun} with stripes"]
    )

    assert bare @ asked > 0.97
    assert bare @ striped < bare @ asked
