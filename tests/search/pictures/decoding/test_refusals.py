"""Files that hold no picture or a broken one are refused with a reason."""

import io
import threading
import warnings
from contextlib import suppress

import numpy as np
import pytest
from PIL import Image

from search.errors import UnusablePicture
from search.pictures.decoding import decode_picture
from tests.support.corner_colours import (
    BROKEN_EXIF,
    assert_corners,
    corners,
    decode,
    encoded,
    refusal,
)


def test_broken_profile_and_exif_are_no_reason_to_refuse() -> None:
    content = encoded(corners(), "JPEG", quality=95, icc_profile=b"nonsense" * 20)
    assert_corners(decode(content))
    assert_corners(decode(encoded(corners(), "JPEG", quality=95, exif=BROKEN_EXIF)))


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF"])
@pytest.mark.parametrize("share", [0.5, 0.9])
def test_truncated(format: str, share: float) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (96, 96, 3), dtype=np.uint8)
    content = encoded(Image.fromarray(noise), format)

    assert refusal(content[: int(len(content) * share)]).reason == "truncated"


@pytest.mark.parametrize("length", [4, 12, 30, 60])
def test_hardly_begun(length: int) -> None:
    for format in ("JPEG", "PNG", "WEBP"):
        content = encoded(corners(), format)
        assert refusal(content[:length]).reason in ("truncated", "damaged", "not_a_picture")


def test_damaged() -> None:
    content = bytearray(encoded(corners(), "PNG"))
    content[60:64] = b"\xff\xff\xff\xff"

    refused = refusal(bytes(content))

    assert refused.reason == "damaged"
    assert "export" in refused.detail


@pytest.mark.parametrize(
    ("content", "seems"),
    [
        (b"<!DOCTYPE html><html><body>404</body></html>", "a web page (HTML)"),
        (b"\xef\xbb\xbf\n <html>", "a web page (HTML)"),
        (b'<?xml version="1.0"?><svg xmlns="x"/>', "an SVG drawing"),
        (b"%PDF-1.7\n%\xe2\xe3", "a PDF document"),
        (b"no picture here, sorry\n", "plain text"),
        (b'{"error": "not found"}', "JSON"),
        (b"PK\x03\x04\x14\x00", "a ZIP archive"),
        (b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom", "a video"),
        (bytes(5000), "nothing but zero bytes"),
        (b"\x93\x01\x02\xff\xfe\x80\x81\x00\x04", "an unknown kind of file"),
    ],
)
def test_not_a_picture(content: bytes, seems: str) -> None:
    refused = refusal(content)

    assert refused.reason == "not_a_picture"
    assert seems in refused.detail


def test_empty() -> None:
    assert refusal(b"").reason == "empty"


@pytest.mark.parametrize("size", [(1, 1), (7, 300), (9, 2000)])
def test_too_small_or_thin(size: tuple[int, int]) -> None:
    assert refusal(encoded(Image.new("RGB", size), "PNG")).reason == "too_small"


def test_noise_never_escapes_as_another_error() -> None:
    """Randomly changed bytes are decoded or refused; no other error is raised."""
    rng = np.random.default_rng(7)
    originals = [
        encoded(corners(), format)
        for format in ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF")
    ]
    for _ in range(60):
        for original in originals:
            content = bytearray(original)
            for at in rng.integers(2, len(content), 6):
                content[at] = rng.integers(256)
            with suppress(UnusablePicture):
                decoded = decode_picture(bytes(content), max_pixels=10**6, max_side_px=64)
                assert decoded.mode == "RGB"


def test_warnings_stay_inside_and_filters_outside_are_restored() -> None:
    """Threads that decode broken EXIF neither warn nor change the filters of other threads."""
    content = encoded(corners(), "JPEG", exif=BROKEN_EXIF)
    with pytest.warns(UserWarning, match="EXIF"):
        Image.open(io.BytesIO(content)).getexif().get(0x0112)
    before = list(warnings.filters)
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(20):
                decode(content)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not failures
    assert list(warnings.filters) == before
