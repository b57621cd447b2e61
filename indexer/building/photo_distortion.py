"""Turns a shop's picture into what a shopper's photo of the product might look like.

The product is smaller, turned, before another background, in another light, out of focus and
compressed: enough to measure how far the vector of a photo lies from that of the shop's picture.
"""

import io

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

SIDE_PX = 320
PLAIN = 14.0
"""A border is plain if it differs from its median by less, in mean grey levels."""
BACKGROUND = 18.0
"""A pixel belongs to a plain background if it differs from it by less, in grey levels."""


def shopper_view(
    picture: Image.Image, backdrop: Image.Image, rng: np.random.Generator
) -> Image.Image:
    """Return a distorted copy, RGB, 320 by 320 px.

    Args:
        picture: RGB. A plain border is taken for background and replaced.
        backdrop: RGB, another picture, to be behind the product.
        rng: Every choice is drawn from it.
    """
    side = round(SIDE_PX * rng.uniform(0.6, 0.95))
    thing = picture.resize((side, side), Image.Resampling.BICUBIC)
    mask = foreground(thing)
    angle = rng.normal(0, 7)
    thing, mask = thing.rotate(angle, Image.Resampling.BICUBIC), mask.rotate(angle)
    scene = _behind(backdrop, rng)
    x, y = (round(free) for free in (SIDE_PX - side) * rng.uniform(0.2, 0.8, size=2))
    scene.paste(thing, (x, y), mask)
    scene = ImageEnhance.Brightness(scene).enhance(rng.uniform(0.7, 1.2))
    scene = ImageEnhance.Contrast(scene).enhance(rng.uniform(0.75, 1.15))
    scene = scene.filter(ImageFilter.GaussianBlur(rng.uniform(0, 1.4)))
    file = io.BytesIO()
    scene.save(file, "JPEG", quality=int(rng.integers(45, 85)))
    return Image.open(file).convert("RGB")


def foreground(picture: Image.Image) -> Image.Image:
    """Return a mask of what differs from a plain border; of all the picture where none is plain."""
    pixels = np.asarray(picture, dtype=np.float32)
    rows, columns = (pixels[:4], pixels[-4:]), (pixels[:, :4], pixels[:, -4:])
    border = np.concatenate([side.reshape(-1, 3) for side in (*rows, *columns)])
    background = np.median(border, axis=0)
    if np.abs(border - background).mean() > PLAIN:
        return Image.new("L", picture.size, 255)
    differs = np.abs(pixels - background).max(axis=2) > BACKGROUND
    mask = Image.fromarray(np.uint8(differs) * 255)
    # Closed, so that a part of the product as bright as the background is no hole in it.
    return mask.filter(ImageFilter.MaxFilter(7)).filter(ImageFilter.MinFilter(7))


def _behind(backdrop: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Return a blurred part of another picture."""
    share = rng.uniform(0.3, 0.7)
    x, y = rng.uniform(0, 1 - share, size=2)
    width, height = backdrop.size
    box = (x * width, y * height, (x + share) * width, (y + share) * height)
    part = backdrop.resize((SIDE_PX, SIDE_PX), Image.Resampling.BILINEAR, box=box)
    return part.filter(ImageFilter.GaussianBlur(rng.uniform(1, 6)))
