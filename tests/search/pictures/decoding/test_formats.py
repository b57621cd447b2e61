"""Every kind of file that merchants and phones send is decoded correctly."""

import io
import struct

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms

from tests.support.corner_colours import (
    RED,
    WHITE,
    assert_corners,
    corners,
    decode,
    encoded,
    png_of,
    refusal,
    without_segment,
)


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
    """A HEIC may be named .jpg, so only the content counts."""
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
    """The picture is upright, whichever way the phone was held."""
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
    """Byte order and WhiteIsZero are read from the file."""
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
    """A profile that swaps red and green must change the numbers."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = srgb.replace(b"rXYZ", b"????").replace(b"gXYZ", b"rXYZ").replace(b"????", b"gXYZ")
    swapped = swapped.replace("sRGB".encode("utf-16-be"), "swap".encode("utf-16-be"))

    for format in ("PNG", "JPEG"):
        plain = decode(encoded(corners(), format))
        red = decode(encoded(corners(), format, icc_profile=swapped)).getpixel((4, 4))
        assert isinstance(red, tuple)
        assert red[1] > 150 > red[0]
        assert decode(encoded(corners(), format, icc_profile=srgb)).tobytes() == plain.tobytes()
