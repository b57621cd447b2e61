"""A picture whose corners show whether it was decoded correctly."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageDraw

from search.errors import UnusablePicture
from search.pictures.decoding import decode_picture

MAX_PIXELS = 500_000_000
BROKEN_EXIF = b"Exif\x00\x00II*\x00\x08\x00\x00\x00\x05\x00\xff\xff"
RED, GREEN, BLUE, WHITE = (200, 30, 30), (30, 160, 60), (30, 60, 200), (255, 255, 255)


def corners(size: tuple[int, int] = (64, 48)) -> Image.Image:
    """Return a picture with red, green, blue and white corners, which show its orientation."""
    image = Image.new("RGB", size, RED)
    w, h = size
    draw = ImageDraw.Draw(image)
    draw.rectangle((w // 2, 0, w, h // 2 - 1), fill=GREEN)
    draw.rectangle((0, h // 2, w // 2 - 1, h), fill=BLUE)
    draw.rectangle((w // 2, h // 2, w, h), fill=WHITE)
    return image


def encoded(image: Image.Image, format: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, format, **options)  # type: ignore[arg-type]
    return out.getvalue()


def decode(content: bytes, max_side_px: int | None = None) -> Image.Image:
    return decode_picture(content, max_pixels=MAX_PIXELS, max_side_px=max_side_px)


def refusal(content: bytes, max_pixels: int = MAX_PIXELS) -> UnusablePicture:
    with pytest.raises(UnusablePicture) as caught:
        decode_picture(content, max_pixels=max_pixels, max_side_px=256)
    return caught.value


def assert_corners(image: Image.Image, tolerance: int = 24) -> None:
    """Check that each corner has its colour."""
    assert image.mode == "RGB"
    w, h = image.size
    places = [
        (w // 4, h // 4),
        (3 * w // 4, h // 4),
        (w // 4, 3 * h // 4),
        (3 * w // 4, 3 * h // 4),
    ]
    for place, colour in zip(places, (RED, GREEN, BLUE, WHITE), strict=True):
        assert np.abs(np.subtract(image.getpixel(place), colour)).max() <= tolerance, place


def without_segment(jpeg: bytes, marker: int) -> bytes:
    """Return a JPEG without its APPn segments of one type."""
    out, at = bytearray(jpeg[:2]), 2
    while jpeg[at + 1] != 0xDA:
        length = int(struct.unpack(">H", jpeg[at + 2 : at + 4])[0])
        if jpeg[at + 1] != marker:
            out += jpeg[at : at + 2 + length]
        at += 2 + length
    return bytes(out + jpeg[at:])


def png_of(rows: bytes, width: int, height: int, depth: int, colour_type: int) -> bytes:
    """Write a PNG by hand, because Pillow writes no 16-bit colour."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    pixels = zlib.compress(rows, 1)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )
