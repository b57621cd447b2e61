"""Every kind of file that merchants and phones send decodes right or is refused with a reason."""

import io
import struct
import threading
import tracemalloc
import warnings
import zlib
from collections.abc import Callable
from contextlib import suppress

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms, ImageDraw

from search.errors import UnusablePicture
from search.images import decode_picture

MAX_PIXELS = 500_000_000
BROKEN_EXIF = b"Exif\x00\x00II*\x00\x08\x00\x00\x00\x05\x00\xff\xff"
RED, GREEN, BLUE, WHITE = (200, 30, 30), (30, 160, 60), (30, 60, 200), (255, 255, 255)


def corners(size: tuple[int, int] = (64, 48)) -> Image.Image:
    """A picture whose corners tell which way is up: red, green, blue, white."""
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
    """The four quarters have their colours in their places."""
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


@pytest.mark.parametrize(
    ("format", "options"),
    [
        ("JPEG", {"quality": 95}),
        ("JPEG", {"quality": 95, "progressive": True}),
        ("PNG", {}),
        ("WEBP", {"quality": 95}),
        ("WEBP", {"lossless": True}),
        ("GIF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("TIFF", {"compression": "jpeg"}),
        ("BMP", {}),
        ("JPEG2000", {}),
        ("AVIF", {"quality": 95}),
    ],
)
def test_accepted_formats(format: str, options: dict[str, object]) -> None:
    image = decode(encoded(corners(), format, **options))

    assert image.size == (64, 48)
    assert_corners(image)


@pytest.mark.parametrize("kind", ["HEIC", "AVIF"])
def test_phone_formats_are_known_by_content(kind: str) -> None:
    """A HEIC named .jpg arrives as bytes; nothing but the bytes is asked."""
    if kind == "HEIC":
        out = io.BytesIO()
        pillow_heif.from_pillow(corners()).save(out, quality=95)
        content = out.getvalue()
    else:
        content = encoded(corners(), "AVIF", quality=95)

    assert_corners(decode(content))
    assert refusal(content[: len(content) * 2 // 3]).reason == "truncated"


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_exif_orientation(format: str, orientation: int) -> None:
    """The sensor's rows are turned back, whichever way the phone was held."""
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    sensor = corners()
    if orientation in undo:
        sensor = sensor.transpose(undo[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation

    image = decode(encoded(sensor, format, exif=exif), 40)

    assert image.size == (40, 30)
    assert_corners(image, 40)
    assert image.getexif().get(0x0112, 1) == 1


def without_segment(jpeg: bytes, marker: int) -> bytes:
    """Return a JPEG without its APPn segments of one kind."""
    out, at = bytearray(jpeg[:2]), 2
    while jpeg[at + 1] != 0xDA:
        length = int(struct.unpack(">H", jpeg[at + 2 : at + 4])[0])
        if jpeg[at + 1] != marker:
            out += jpeg[at : at + 2 + length]
        at += 2 + length
    return bytes(out + jpeg[at:])


def test_cmyk_jpeg_as_adobe_writes_it() -> None:
    assert_corners(decode(encoded(corners().convert("CMYK"), "JPEG", quality=95)))


def test_cmyk_jpeg_without_adobe_marker() -> None:
    """Without the marker 0 means no ink; the picture must not come out as its negative."""
    flipped = Image.fromarray(255 - np.asarray(corners().convert("CMYK")), "CMYK")
    jpeg = without_segment(encoded(flipped, "JPEG", quality=95), 0xEE)
    assert "adobe" not in Image.open(io.BytesIO(jpeg)).info

    assert_corners(decode(jpeg))


def test_cmyk_tiff() -> None:
    assert_corners(decode(encoded(corners().convert("CMYK"), "TIFF")))


def test_lab_tiff() -> None:
    lab = ImageCms.profileToProfile(
        corners(), ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    assert lab is not None

    assert_corners(decode(encoded(lab, "TIFF")))


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
def test_sixteen_bit_grey_is_scaled_not_clipped(format: str) -> None:
    values = np.linspace(0, 65535, 64, dtype=np.uint16)[None].repeat(32, 0)

    grey = np.asarray(decode(encoded(Image.fromarray(values), format)))[0, :, 0]

    assert np.abs(grey.astype(int) - np.rint(values[0] / 257)).max() <= 1


def test_big_endian_and_inverted_grey_tiff() -> None:
    """The byte order and WhiteIsZero are the file's own business."""
    values = np.linspace(0, 65535, 64, dtype=np.uint16)[None].repeat(32, 0)
    content = encoded(Image.fromarray(values), "TIFF", tiffinfo={262: 0})

    grey = np.asarray(decode(content))[0, :, 0]

    assert grey[0] == 255
    assert grey[-1] == 0


def test_float_and_32_bit_tiff() -> None:
    ramp = np.linspace(0, 1, 64, dtype=np.float32)[None].repeat(32, 0)
    holes = ramp.copy()
    holes[0, 0] = np.nan
    for image in (Image.fromarray(holes), Image.fromarray((ramp * 65535).astype(np.int32))):
        grey = np.asarray(decode(encoded(image, "TIFF")))[1, :, 0].astype(int)
        assert np.abs(grey - np.rint(ramp[1] * 255)).max() <= 1


def png_of(rows: bytes, width: int, height: int, depth: int, colour_type: int) -> bytes:
    """Write a PNG by hand; Pillow writes no 16-bit colour."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    pixels = zlib.compress(rows, 1)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def test_sixteen_bit_colour_png() -> None:
    deep = np.asarray(corners()).astype(">u2") * 257
    rows = b"".join(b"\x00" + row.tobytes() for row in deep)

    assert_corners(decode(png_of(rows, 64, 48, 16, 2)), 1)


def test_sixteen_bit_grey_with_alpha_png() -> None:
    pixel = struct.pack(">HH", 0, 32768)  # black, half transparent: mid grey over white
    rows = (b"\x00" + pixel * 16) * 16

    assert abs(decode(png_of(rows, 16, 16, 16, 4)).getpixel((8, 8))[0] - 127) <= 2  # type: ignore[index]


def test_palette() -> None:
    assert_corners(decode(encoded(corners().quantize(8), "PNG")))


def test_palette_with_transparency_is_white_where_transparent() -> None:
    image = corners().quantize(8)
    content = encoded(image, "PNG", transparency=bytes([0] + [255] * 7))
    transparent = np.asarray(image) == 0

    decoded = np.asarray(decode(content))

    assert transparent.any()
    assert (decoded[transparent] == 255).all()


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_alpha_over_white(mode: str) -> None:
    clear = Image.new("RGBA", (32, 32), (0, 0, 0, 0)).convert(mode)
    half = Image.new("RGBA", (32, 32), (0, 0, 0, 128)).convert(mode)

    assert decode(encoded(clear, "PNG")).getpixel((5, 5)) == WHITE
    assert abs(decode(encoded(half, "PNG")).getpixel((5, 5))[0] - 127) <= 1  # type: ignore[index]


def test_colour_key_transparency() -> None:
    """PNG may name one colour of an RGB picture as transparent."""
    content = encoded(corners(), "PNG", transparency=RED)

    assert decode(content).getpixel((2, 2)) == WHITE


def test_one_bit() -> None:
    bits = Image.new("1", (32, 32), 1)
    bits.paste(0, (0, 0, 16, 32))
    for format in ("PNG", "TIFF", "BMP"):
        image = decode(encoded(bits, format))
        assert (image.getpixel((4, 4)), image.getpixel((24, 4))) == ((0, 0, 0), WHITE)


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG", "TIFF"])
def test_first_frame_of_an_animation(format: str) -> None:
    later = [Image.new("RGB", (64, 48), colour) for colour in ("black", "yellow")]
    options = {"lossless": True} if format == "WEBP" else {}

    content = encoded(corners(), format, save_all=True, append_images=later, **options)

    assert_corners(decode(content))


def test_colour_profile_is_converted() -> None:
    """A profile that calls red what sRGB calls green must change the numbers."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = srgb.replace(b"rXYZ", b"????").replace(b"gXYZ", b"rXYZ").replace(b"????", b"gXYZ")
    swapped = swapped.replace("sRGB".encode("utf-16-be"), "swap".encode("utf-16-be"))

    for format in ("PNG", "JPEG"):
        plain = decode(encoded(corners(), format))
        red = decode(encoded(corners(), format, icc_profile=swapped)).getpixel((4, 4))
        assert isinstance(red, tuple)
        assert red[1] > 150 > red[0]
        assert decode(encoded(corners(), format, icc_profile=srgb)).tobytes() == plain.tobytes()


def test_broken_profile_and_exif_are_no_reason_to_refuse() -> None:
    content = encoded(corners(), "JPEG", quality=95, icc_profile=b"nonsense" * 20)
    assert_corners(decode(content))
    assert_corners(decode(encoded(corners(), "JPEG", quality=95, exif=BROKEN_EXIF)))


@pytest.mark.parametrize("progressive", [False, True])
def test_very_wide_jpeg(progressive: bool) -> None:
    content = encoded(corners((20_000, 1_000)), "JPEG", progressive=progressive)

    image = decode(content, 1024)

    assert image.size[0] == 1024
    assert_corners(image)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "L", "1", "LA"])
def test_very_wide_png_by_strips_equals_whole(mode: str) -> None:
    """Strips, in every layout, give what decoding at once gives."""
    photo = corners((20_000, 2_400))
    source = photo.quantize(8) if mode == "P" else photo.convert(mode)
    content = encoded(source, "PNG", compress_level=1)

    image = decode(content, 1000)

    whole = source.convert("RGB").reduce(20)
    assert image.size == (1000, 120)
    assert np.abs(np.asarray(image).astype(int) - np.asarray(whole)).max() <= 2


def test_strips_undo_every_row_filter() -> None:
    """A noisy picture, whose rows use all filters, survives being cut into strips."""
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
    """400 million pixels pass through a few strips' worth of buffers."""
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


def test_truncated_large_png() -> None:
    content = encoded(corners((20_000, 2_400)), "PNG", compress_level=1)

    assert refusal(content[: len(content) // 2]).reason == "truncated"


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
    """Bytes changed at random decode or are refused; nothing else comes out."""
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
    """Threads that decode broken EXIF neither warn nor change who else hears warnings."""
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


def test_reduced_keeps_aspect_and_never_enlarges() -> None:
    make: Callable[[int, int], bytes] = lambda w, h: encoded(corners((w, h)), "JPEG")  # noqa: E731
    assert decode(make(900, 300), 300).size == (300, 100)
    assert decode(make(90, 30), 300).size == (90, 30)
