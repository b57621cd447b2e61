"""Large pictures are decoded at a reduced scale, and the model sees the same."""

import io
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from indexer.encoding.picture_pipeline import OVERSAMPLING
from indexer.sample.drawn_product import draw_product
from search.encoder import OpenClipEncoder, load_encoder
from search.pictures.decoding import Enough, decode_picture
from search.pictures.rendition_store import LONGEST_SIDE_PX
from search.results import Embeddings

MAX_PIXELS = 60_000_000


def saved(image: Image.Image, form: str, **settings: Any) -> bytes:
    content = io.BytesIO()
    image.save(content, form, **settings)
    return content.getvalue()


def decode(content: bytes, enough: Enough | None) -> Image.Image:
    return decode_picture(content, max_pixels=MAX_PIXELS, enough=enough)


@pytest.mark.parametrize(
    ("size", "step"),
    [
        ((899, 2000), 2),
        ((447, 900), 1),
        ((895, 895), 1),
        ((896, 960), 2),
        ((896, 959), 1),  # the longer side counts too
        ((4000, 3000), 6),
        ((100, 90), 1),
        ((300, 9000), 1),
    ],
)
def test_steps_keep_both_sides(size: tuple[int, int], step: int) -> None:
    assert Enough(448, 480).step(size) == step
    assert Enough(448, 480).step((size[1], size[0])) == step


@pytest.mark.parametrize(
    ("size", "form", "wanted"),
    [
        ((4000, 3000), "JPEG", (1000, 750)),  # 6 would do, but JPEG scales by 2, 4 or 8 only
        ((3000, 4000), "JPEG", (750, 1000)),
        ((1200, 1201), "JPEG", (600, 601)),
        ((800, 600), "JPEG", (800, 600)),
        ((2000, 1500), "PNG", (667, 500)),
        ((2000, 1500), "WEBP", (667, 500)),
    ],
)
def test_reduced_sizes(size: tuple[int, int], form: str, wanted: tuple[int, int]) -> None:
    content = saved(Image.new("RGB", size, "#7a5230"), form)

    found = decode(content, Enough(448, 480))

    assert found.size == wanted
    assert found.mode == "RGB"
    for value, expected in zip(found.getpixel((50, 50)), (0x7A, 0x52, 0x30), strict=True):  # type: ignore[arg-type]
        assert abs(value - expected) <= 2


def test_turned_pictures_are_upright() -> None:
    image = Image.new("RGB", (2000, 1200), "white")
    image.paste("black", (0, 0, 2000, 200))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    content = saved(image, "JPEG", exif=exif)

    found = decode(content, Enough(448, 480))

    assert found.size == (600, 1000)
    assert found.convert("L").getpixel((590, 500)) < 20  # type: ignore[operator]
    assert found.convert("L").getpixel((10, 500)) > 235  # type: ignore[operator]


def test_transparent_pictures_do_not_fringe() -> None:
    image = Image.new("RGBA", (2000, 2000), (0, 0, 0, 0))
    image.paste((200, 40, 40, 255), (500, 500, 1500, 1500))

    found = np.asarray(decode(saved(image, "PNG"), Enough(448, 480)))

    assert found[5, 5].tolist() == [255, 255, 255]
    assert found[:, :, 0].min() >= 199  # no dark line around the red square


def photograph(index: int, size: tuple[int, int]) -> Image.Image:
    """A drawn product with sensor noise."""
    drawn = draw_product(3, index, size_px=768).image.resize(size, Image.Resampling.BICUBIC)
    grain = np.random.default_rng(index).normal(0, 3, (size[1], size[0], 3))
    return Image.fromarray(np.clip(np.asarray(drawn) + grain, 0, 255).astype(np.uint8))


@pytest.fixture(scope="module")
def embedded() -> OpenClipEncoder:
    """A fresh embedded encoder, whose tower has not been rewritten yet."""
    return load_encoder("embedded", "cpu")


def exactly(encoder: OpenClipEncoder, images: list[Image.Image]) -> Embeddings:
    """Encode in float32: rounding in the fast tower has nothing to do with decoding."""
    prepared = torch.stack([encoder.preprocess(image) for image in images])
    vectors = encoder.describe_pixels(prepared).vectors
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


@pytest.mark.parametrize(
    ("size", "form"),
    [((1200, 1200), "JPEG"), ((1400, 1000), "JPEG"), ((3000, 4000), "JPEG"), ((1500, 1500), "PNG")],
    ids=str,
)
def test_the_model_sees_the_same(
    embedded: OpenClipEncoder, size: tuple[int, int], form: str
) -> None:
    settings = {"quality": 90} if form == "JPEG" else {"compress_level": 1}
    enough = Enough(OVERSAMPLING * embedded.side_px, LONGEST_SIDE_PX)
    contents = [saved(photograph(index, size), form, **settings) for index in range(3)]

    for content in contents:
        seen = [embedded.preprocess(decode(content, scale)).float() for scale in (None, enough)]
        assert (seen[0] - seen[1]).square().mean().sqrt() < 2  # of 255 levels
    full = exactly(embedded, [decode(content, None) for content in contents])
    reduced = exactly(embedded, [decode(content, enough) for content in contents])

    assert decode(contents[0], enough).width < size[0]
    assert np.einsum("nd,nd->n", full, reduced).min() >= 0.995
