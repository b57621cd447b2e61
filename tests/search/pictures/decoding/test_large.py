"""Very large pictures, and decompression bombs."""

import io
import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from tests.support.corner_colours import (
    assert_corners,
    corners,
    decode,
    encoded,
    png_of,
    refusal,
)


@pytest.mark.parametrize("progressive", [False, True])
def test_very_wide_jpeg(progressive: bool) -> None:
    content = encoded(corners((20_000, 1_000)), "JPEG", progressive=progressive)

    image = decode(content, 1024)

    assert image.size[0] == 1024
    assert_corners(image)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "L", "1", "LA"])
def test_very_wide_png_by_strips_equals_whole(mode: str) -> None:
    """In every layout, decoding by strips equals decoding at once."""
    photo = corners((20_000, 2_400))
    source = photo.quantize(8) if mode == "P" else photo.convert(mode)
    content = encoded(source, "PNG", compress_level=1)

    image = decode(content, 1000)

    whole = source.convert("RGB").reduce(20)
    assert image.size == (1000, 120)
    assert np.abs(np.asarray(image).astype(int) - np.asarray(whole)).max() <= 2


def test_strips_undo_every_row_filter() -> None:
    """A noisy picture, whose rows use all filters, is decoded correctly by strips."""
    noise = np.random.default_rng(5).integers(0, 256, (700, 6_000, 3), dtype=np.uint8)
    smooth = np.cumsum(noise // 64, axis=1, dtype=np.uint8)
    content = encoded(Image.fromarray(np.vstack([noise, smooth] * 5)), "PNG", compress_level=1)

    image = decode(content, 1750)

    whole = Image.open(io.BytesIO(content)).reduce(4)
    assert np.abs(np.asarray(image).astype(int) - np.asarray(whole)).max() <= 1


def test_large_sixteen_bit_grey_png() -> None:
    ramp = np.linspace(0, 65535, 20_000, dtype=np.uint16)[None].repeat(2_100, 0)

    image = decode(encoded(Image.fromarray(ramp), "PNG", compress_level=1), 1000)

    grey = np.asarray(image)[0, :, 0].astype(int)
    assert (np.diff(grey) >= 0).all()
    assert (grey[0], grey[-1]) == (0, 255)


def test_large_picture_of_another_format() -> None:
    content = encoded(corners((20_000, 2_400)).convert("L"), "TIFF", compression="tiff_lzw")

    assert decode(content, 1000).size == (1000, 120)


def test_large_png_needs_little_python_memory() -> None:
    """400 million pixels need buffers for only a few strips."""
    row = b"\x00" + bytes(2_500)
    content = png_of(row * 20_000, 20_000, 20_000, 1, 0)
    tracemalloc.start()
    try:
        image = decode(content, 512)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert image.size == (512, 512) or max(image.size) == 512
    assert peak < 60_000_000


def test_decompression_bomb_is_refused_by_its_header() -> None:
    bomb = png_of(b"", 60_000, 60_000, 8, 2)

    refused = refusal(bomb)

    assert refused.reason == "too_large"
    assert "60,000 × 60,000" in refused.detail
    assert "FINDALIKE_MAX_IMAGE_PIXELS" in refused.detail
    assert refusal(encoded(corners(), "GIF"), max_pixels=1000).reason == "too_large"


def test_truncated_large_png() -> None:
    content = encoded(corners((20_000, 2_400)), "PNG", compress_level=1)

    assert refusal(content[: len(content) // 2]).reason == "truncated"


def test_reduced_keeps_aspect_and_never_enlarges() -> None:
    make: Callable[[int, int], bytes] = lambda w, h: encoded(corners((w, h)), "JPEG")  # noqa: E731
    assert decode(make(900, 300), 300).size == (300, 100)
    assert decode(make(90, 30), 300).size == (90, 30)
