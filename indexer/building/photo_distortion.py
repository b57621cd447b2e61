"""Turns a shop's picture into what a shopper's photo of the thing might look like.

Smaller, turned, before something else, in another light, out of focus, compressed: enough to see
how far a photo lies from the picture it shows. It only distorts; it draws nothing.
"""

import io

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

SIDE_PX = 320
PLAIN = 14.0
"""Mean difference of the border from its median, in grey levels, under which it is one ground."""
GROUND = 18.0
"""Difference from that ground under which a pixel belongs to it."""


def shopper_view(
    picture: Image.Image, backdrop: Image.Image, rng: np.random.Generator
) -> Image.Image:
    """Return a distorted copy, RGB, 320 by 320 px.

    Args:
        picture: RGB. A plain border is taken for its ground and replaced.
        backdrop: RGB, what is behind the thing.
        rng: Decides everything.
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
    """Return a mask of what differs from a plain border; all of the picture where none is."""
    pixels = np.asarray(picture, dtype=np.float32)
    rows, columns = (pixels[:4], pixels[-4:]), (pixels[:, :4], pixels[:, -4:])
    border = np.concatenate([side.reshape(-1, 3) for side in (*rows, *columns)])
    ground = np.median(border, axis=0)
    if np.abs(border - ground).mean() > PLAIN:
        return Image.new("L", picture.size, 255)
    differs = np.abs(pixels - ground).max(axis=2) > GROUND
    mask = Image.fromarray(np.uint8(differs) * 255)
    # Closed, so that what is as bright as the ground inside a thing is not a hole in it.
    return mask.filter(ImageFilter.MaxFilter(7)).filter(ImageFilter.MinFilter(7))


def _behind(backdrop: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Return a blurred part of another picture."""
    share = rng.uniform(0.3, 0.7)
    x, y = rng.uniform(0, 1 - share, size=2)
    width, height = backdrop.size
    box = (x * width, y * height, (x + share) * width, (y + share) * height)
    part = backdrop.resize((SIDE_PX, SIDE_PX), Image.Resampling.BILINEAR, box=box)
    return part.filter(ImageFilter.GaussianBlur(rng.uniform(1, 6)))
