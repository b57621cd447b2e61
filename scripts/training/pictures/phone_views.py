"""Turns catalogue pictures into views: a clean one, and distorted ones as a phone would take.

Hue does not change, because captions name colours.
"""

import io

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter
from scipy.ndimage import binary_closing, binary_fill_holes

SIDE_PX = 224


def clean_view(image: Image.Image) -> Image.Image:
    """Squash a picture to the encoder's square, as its preprocessing does."""
    return image.resize((SIDE_PX, SIDE_PX), Image.Resampling.BICUBIC)


def street_view(
    image: Image.Image, rng: np.random.Generator, backdrops: list[Image.Image]
) -> Image.Image:
    """Distort a picture: backdrop, viewpoint, framing, light, focus, compression.

    Args:
        image: RGB. If its border is plain, as in a studio picture, the background is replaced.
        rng: Decides everything, so that a seed repeats a view.
        backdrops: Pictures to take backgrounds from.
    """
    image = image.resize((SIDE_PX + 32, SIDE_PX + 32), Image.Resampling.BICUBIC)
    behind = backdrop(backdrops[rng.integers(len(backdrops))], image.size, rng)
    mask = foreground(image)
    image = _warp(image, mask, behind, rng)
    image = _crop(image, rng)
    if rng.random() < 0.3:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    image = light(image, rng)
    if rng.random() < 0.35:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.4, 1.6)))
    return _compress(image.resize((SIDE_PX, SIDE_PX), Image.Resampling.BICUBIC), rng)


def foreground(image: Image.Image) -> Image.Image:
    """Mask what differs from a plain border; the whole picture if the border is not plain."""
    pixels = np.asarray(image, dtype=np.float32)
    border = np.concatenate([pixels[:4].reshape(-1, 3), pixels[-4:].reshape(-1, 3)])
    border = np.concatenate([border, pixels[:, :4].reshape(-1, 3), pixels[:, -4:].reshape(-1, 3)])
    colour = np.median(border, axis=0)
    if np.abs(border - colour).max(axis=1).mean() > 14:
        return Image.new("L", image.size, 255)
    distance = np.abs(pixels - colour).max(axis=2)
    # Parts of the thing that match the background leave holes, which are filled.
    solid = binary_fill_holes(binary_closing(np.pad(distance > 10, 8), iterations=3))[8:-8, 8:-8]
    mask = Image.fromarray(np.uint8(solid) * 255)
    return mask.filter(ImageFilter.MinFilter(3)).filter(ImageFilter.GaussianBlur(1.0))


def backdrop(source: Image.Image, size: tuple[int, int], rng: np.random.Generator) -> Image.Image:
    """Return a background of this size: a noisy colour ramp, or a blurred part of a picture."""
    if rng.random() < 0.4:
        low, high = np.sort(rng.uniform(40, 255, size=(2, 3)), axis=0)
        ramp = np.linspace(low, high, size[1])[:, None, :].repeat(size[0], axis=1)
        ramp += rng.normal(0, 6, size=ramp.shape)
        return Image.fromarray(np.uint8(np.clip(ramp, 0, 255)))
    width, height = source.size
    share = rng.uniform(0.3, 0.7)
    x, y = rng.uniform(0, 1 - share, size=2)
    box = (x * width, y * height, (x + share) * width, (y + share) * height)
    crop = source.resize(size, Image.Resampling.BILINEAR, box=box)
    return crop.filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 5)))


def _warp(
    image: Image.Image, mask: Image.Image, backdrop: Image.Image, rng: np.random.Generator
) -> Image.Image:
    """Turn, shrink, shift and tilt the foreground over the backdrop."""
    side = image.size[0]
    angle = rng.normal(0, 0.14)
    plain = mask.getextrema() == (255, 255)
    zoom = rng.uniform(0.85, 1.0) if plain else rng.uniform(0.85, 1.6)
    cos, sin = np.cos(angle) * zoom, np.sin(angle) * zoom
    shift = rng.uniform(-0.08, 0.08, size=2) * side
    centre = side / 2
    tilt = rng.normal(0, 0.00035, size=2)
    # Pillow takes eight numbers that map output pixels to input pixels.
    coefficients = (
        cos,
        -sin,
        centre - cos * centre + sin * centre + shift[0],
        sin,
        cos,
        centre - sin * centre - cos * centre + shift[1],
        tilt[0],
        tilt[1],
    )
    method, how = Image.Transform.PERSPECTIVE, Image.Resampling.BILINEAR
    warped = image.transform(image.size, method, coefficients, resample=how)
    warped_mask = mask.transform(image.size, method, coefficients, resample=how)
    return Image.composite(warped, backdrop, warped_mask)


def _crop(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    width, height = image.size
    share = np.sqrt(rng.uniform(0.55, 1.0))
    stretch = np.exp(rng.uniform(-0.18, 0.18))
    w, h = min(1.0, share * stretch), min(1.0, share / stretch)
    x, y = rng.uniform(0, 1 - w), rng.uniform(0, 1 - h)
    return image.crop(
        (int(x * width), int(y * height), int((x + w) * width), int((y + h) * height))
    )


def light(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Vary the light as rooms do: contrast, brightness, warmth, a fall-off to one side, noise."""
    image = ImageEnhance.Contrast(image).enhance(rng.uniform(0.75, 1.25))
    pixels = np.asarray(image, dtype=np.float32) * rng.uniform(0.7, 1.25)
    pixels *= 1 + rng.uniform(-0.06, 0.06) * np.array([1.0, 0.2, -1.0])  # warm or cold lamps
    left, right = rng.uniform(0.8, 1.15, size=2)
    fall = np.linspace(left, right, pixels.shape[1])
    pixels *= fall[None, :, None]
    pixels += rng.normal(0, rng.uniform(0, 7), size=pixels.shape)
    return Image.fromarray(np.uint8(np.clip(pixels, 0, 255)))


def _compress(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=int(rng.integers(35, 92)))
    return Image.open(file).convert("RGB")
