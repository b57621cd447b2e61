"""Decodes untrusted bytes to an upright 8-bit RGB picture of bounded size, or refuses them.

The content decides, never a file name. Refused are: what is no picture, what is cut or damaged,
what is too large (before it is decoded), and what is too small or too thin. Of an animation the
first frame counts. Transparency is laid over white, the background of most shops.

Importing this module lifts Pillow's own size limit, which is process-wide and lower than
`max_pixels` may be; `decode_picture` checks sizes itself, always.
"""

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from io import BytesIO

import pillow_heif
from PIL import Image, ImageOps, UnidentifiedImageError

from search.errors import UnusablePicture
from search.pictures.file_signatures import picture_kind, seeming, seems_cut
from search.pictures.png_strips import strips as png_strips
from search.pictures.srgb import eight_bit, grey_range, ink_as_adobe, to_srgb

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "JPEG2000", "AVIF", "HEIF")
ACCEPTED = "JPEG, PNG, WebP, GIF, TIFF, BMP, JPEG 2000, HEIC or AVIF"
MIN_SIDE_PX = 8
MAX_ASPECT = 50  # longer side over shorter side
LARGE_PIXELS = 40_000_000  # more are reduced by strips, one picture at a time per process

Image.MAX_IMAGE_PIXELS = None
pillow_heif.register_heif_opener()
_large_picture = threading.Lock()


@dataclass(frozen=True, slots=True)
class Enough:
    """How many pixels are enough for the caller, whichever way up the picture is."""

    shorter_px: int
    longer_px: int

    def step(self, size: tuple[int, int]) -> int:
        """Return the largest whole factor by which both sides may shrink, at least 1."""
        return max(1, min(min(size) // self.shorter_px, max(size) // self.longer_px))


def decode_picture(
    content: bytes,
    *,
    max_pixels: int,
    max_side_px: int | None = None,
    enough: Enough | None = None,
) -> Image.Image:
    """Decode a picture of any accepted format.

    Args:
        content: The file's bytes; nothing about them is trusted.
        max_pixels: Pictures with more pixels are refused before they are decoded.
        max_side_px: Longest side of the result; larger pictures are reduced while they are
            decoded, so that memory stays bounded. None keeps the size.
        enough: Where given, a picture at least twice as large is reduced by a whole factor. JPEG
            decoders do this before they compute most of the pixels.

    Returns:
        The picture, upright by its EXIF orientation, in mode RGB; in sRGB where the file has a
        colour profile.

    Raises:
        UnusablePicture: with the reason `empty`, `not_a_picture`, `too_small`, `too_large`,
            `truncated` or `damaged`, and a detail that says what to do.
    """
    if not content:
        raise UnusablePicture("empty", "The file has zero bytes; upload the picture again.")
    with _without_warnings():
        image = _open(content)
        _check_size(image.size, max_pixels)
        large = image.width * image.height > LARGE_PIXELS
        with _large_picture if large else nullcontext():
            try:
                return _decode(image, content, max_side_px, enough)
            # Decoders meet hostile bytes; what they raise then is not a closed set.
            except Exception as error:
                raise _undecodable(content, error) from error


def _open(content: bytes) -> Image.Image:
    """Read the header only."""
    try:
        return Image.open(BytesIO(content), formats=FORMATS)
    except UnidentifiedImageError as error:
        if picture_kind(content) is None:
            raise UnusablePicture(
                "not_a_picture",
                f"This seems to be {seeming(content)}, not a picture; provide {ACCEPTED}.",
            ) from error
        raise _undecodable(content, error) from error
    except Exception as error:
        raise _undecodable(content, error) from error


def _undecodable(content: bytes, error: Exception) -> UnusablePicture:
    """Tell a cut file from a damaged one."""
    kind = picture_kind(content) or "picture"
    if seems_cut(content) or "truncated" in str(error).lower():
        return UnusablePicture(
            "truncated",
            f"The {kind} file ends early, after {len(content):,} bytes; upload it again in full.",
        )
    return UnusablePicture(
        "damaged",
        f"The {kind} file is damaged ({error}); export the picture again from its original.",
    )


def _check_size(size: tuple[int, int], max_pixels: int) -> None:
    """Refuse by the header's dimensions, before any pixel is decoded."""
    width, height = size
    if width * height > max_pixels:
        raise UnusablePicture(
            "too_large",
            f"The picture has {width:,} × {height:,} pixels, {width * height:,} in all; at most "
            f"{max_pixels:,} are decoded. Provide a smaller one, or raise "
            "FINDALIKE_MAX_IMAGE_PIXELS.",
        )
    if min(size) < MIN_SIDE_PX or max(size) > MAX_ASPECT * min(size):
        raise UnusablePicture(
            "too_small",
            f"The picture is {width:,} × {height:,} pixels; a product can only be seen in one of "
            f"at least {MIN_SIDE_PX} pixels a side and at most {MAX_ASPECT} times as long as wide.",
        )


def _decode(
    image: Image.Image, content: bytes, max_side_px: int | None, enough: Enough | None
) -> Image.Image:
    """Decode, reduce, bring to 8-bit sRGB and turn upright."""
    _draft(image, max_side_px, enough)
    step = max(image.size) // max_side_px if max_side_px else 1
    if step > 1 and image.width * image.height > LARGE_PIXELS:
        pixels = _reduce_by_strips(image, content, step)
    else:
        image.load()
        pixels = eight_bit(ink_as_adobe(image), grey_range(image))
    if enough is not None and (step := enough.step(pixels.size)) > 1:
        pixels = pixels.reduce(step)
    if max_side_px is not None and max(pixels.size) > max_side_px:
        pixels.thumbnail((max_side_px, max_side_px), Image.Resampling.LANCZOS, reducing_gap=3.0)
    rgb = to_srgb(pixels, image.info.get("icc_profile"))
    rgb.info.clear()
    return _upright(rgb, image)


def _draft(image: Image.Image, max_side_px: int | None, enough: Enough | None) -> None:
    """Let a JPEG scale by 2, 4 or 8 while it is decoded; other formats ignore it."""
    width, height = image.size
    longest = max(image.size)
    if enough is not None:
        step = enough.step(image.size)
        image.draft(None, (max(1, width // step), max(1, height // step)))
    elif max_side_px is not None and longest > max_side_px:
        kept = [max(1, side * max_side_px // longest) for side in image.size]
        image.draft(None, (kept[0], kept[1]))


def _reduce_by_strips(image: Image.Image, content: bytes, step: int) -> Image.Image:
    """Average step × step pixels into one, a strip of rows at a time."""
    width, height = image.size
    bounds = (0.0, 65535.0)
    found = png_strips(content, image, step) if image.format == "PNG" else None
    if found is None:
        image.load()
        width, height = image.size  # a TIFF turns upright while loading
        bounds = grey_range(image)
        found = _cut(image, step)
    reduced: Image.Image | None = None
    top = 0
    for strip in found:
        part = eight_bit(strip, bounds).reduce(step)
        if reduced is None:
            reduced = Image.new(part.mode, (-(-width // step), -(-height // step)))
        reduced.paste(part, (0, top))
        top += part.height
    if reduced is None:
        raise OSError("image file is truncated")
    return reduced


def _cut(image: Image.Image, step: int) -> Iterator[Image.Image]:
    """Cut a decoded picture into strips whose heights are multiples of `step`."""
    image = ink_as_adobe(image)
    rows = step * max(1, 2_000_000 // image.width // step)
    for top in range(0, image.height, rows):
        strip = image.crop((0, top, image.width, min(top + rows, image.height)))
        strip.info = image.info
        yield strip


def _upright(rgb: Image.Image, source: Image.Image) -> Image.Image:
    """Turn by the source's EXIF orientation, read last: a PNG may hold it after the pixels."""
    try:
        orientation = source.getexif().get(0x0112, 1)
    except Exception:  # broken EXIF is common, and no reason to refuse the picture
        return rgb
    if orientation not in range(2, 9):
        return rgb
    rgb.getexif()[0x0112] = orientation
    turned = ImageOps.exif_transpose(rgb)
    turned.info.clear()
    return turned


class _Silence:
    """How many decodings run now, and the warning filters to restore after the last."""

    lock = threading.Lock()
    running = 0
    catcher: "warnings.catch_warnings[None] | None" = None


@contextmanager
def _without_warnings() -> Iterator[None]:
    """Ignore what Pillow warns of, such as broken EXIF, from any number of threads.

    `warnings.catch_warnings` alone is not safe here: two threads that leave in another order
    than they came would restore the wrong filters.
    """
    with _Silence.lock:
        if _Silence.running == 0:
            _Silence.catcher = warnings.catch_warnings()
            _Silence.catcher.__enter__()
            warnings.simplefilter("ignore")
        _Silence.running += 1
    try:
        yield
    finally:
        with _Silence.lock:
            _Silence.running -= 1
            if _Silence.running == 0 and _Silence.catcher is not None:
                _Silence.catcher.__exit__(None, None, None)
                _Silence.catcher = None
