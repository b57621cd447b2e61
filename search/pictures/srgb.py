"""Converts decoded pixels of any mode to 8-bit sRGB: deep grey, CMYK, Lab, transparency, profiles.

What a file says about its colours is followed. No picture is refused: a broken colour profile is
ignored.
"""

from collections.abc import Iterable
from functools import lru_cache
from io import BytesIO

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops, ImageCms


def ink_as_adobe(image: Image.Image) -> Image.Image:
    """Undo Pillow's inversion of CMYK JPEGs where the file is not Adobe's.

    Adobe writes 255 for no ink, and marks its files (APP14); others write 0. Pillow treats all
    files as Adobe's.
    """
    if image.mode == "CMYK" and image.format in ("JPEG", "MPO") and "adobe" not in image.info:
        return ImageChops.invert(image)
    return image


def grey_range(image: Image.Image) -> tuple[float, float]:
    """Return the values that mean black and white in a picture of deep grey."""
    if image.mode.startswith("I;16"):
        tags = getattr(image, "tag_v2", {})
        bits = tags.get(258, 16)
        white = float(2 ** int(bits[0] if isinstance(bits, tuple) else bits) - 1)
        return (white, 0.0) if tags.get(262) == 0 else (0.0, white)  # 0: WhiteIsZero
    if image.mode not in ("I", "F"):
        return (0.0, 255.0)
    values = np.asarray(image)
    finite = values[np.isfinite(values)] if image.mode == "F" else values
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    scales: Iterable[float] = (1.0, 255.0, 65535.0) if image.mode == "F" else (255.0, 65535.0)
    if low >= 0:
        for white in scales:
            if high <= white:
                return (0.0, white)
    return (low, high if high > low else low + 1.0)


def eight_bit(image: Image.Image, bounds: tuple[float, float]) -> Image.Image:
    """Return the picture in mode L, RGB, RGBA or CMYK, 8 bits a channel."""
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        black, white = bounds
        values: npt.NDArray[np.float32] = np.nan_to_num(np.asarray(image, dtype=np.float32))
        scaled = (values - black) * (255.0 / (white - black))
        return Image.fromarray(np.clip(np.rint(scaled), 0, 255).astype(np.uint8))
    if image.mode == "LAB":
        return _lab_to_rgb(image)
    if image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode in ("L", "RGB", "CMYK"):
        return image
    return image.convert("L" if image.mode == "1" else "RGB")


def _lab_to_rgb(image: Image.Image) -> Image.Image:
    """Convert CIE L*a*b* pixels, which Pillow only does through colour management."""
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
    if converted is None:  # only with inPlace
        raise OSError("no colour conversion")
    return converted


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Lay transparency over white and convert by the embedded colour profile, if any."""
    if image.mode == "RGBA":
        ground = Image.new("RGB", image.size, "white")
        ground.paste(image, mask=image.getchannel("A"))
        image = ground
    if profile:
        try:
            transform = _srgb_transform(profile, image.mode)
            if transform is not None:
                converted = ImageCms.applyTransform(image, transform)
                image = converted if converted is not None else image
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            pass  # a broken or foreign profile: the colours stay as they are
    return image.convert("RGB")


@lru_cache(maxsize=32)
def _srgb_transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Build the conversion to sRGB; None where the profile is sRGB already."""
    source = ImageCms.ImageCmsProfile(BytesIO(profile))
    if "srgb" in ImageCms.getProfileDescription(source).lower():
        return None
    return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
