"""Shoppers' photos of products: another angle, another light, clutter, blur and noise.

The product is drawn again with the photo's own light and camera height, placed before a wall or on
a table among parts of other things, and then taken with a cheap camera. It refuses to change the
product's facts.
"""

from __future__ import annotations

import io
import random

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops, ImageEnhance, ImageFilter

from indexer.sample.assortment import planned
from indexer.sample.drawn_product import UPRIGHT, DrawnProduct
from indexer.sample.kinds import KINDS
from indexer.sample.materials import TILE_PX, texture
from indexer.sample.palette import Rgb
from indexer.sample.product_look import Look
from indexer.sample.studio_pictures import contact_shadow, render
from indexer.sample.svg_pen import Pen

PHOTO_PX = 320
CLUTTER_SHOP = 982_451  # no sample shop is likely to have this seed

SURFACES: tuple[tuple[str, Rgb, float], ...] = (
    ("grain", (168, 124, 82), 0.3), ("grain", (94, 66, 46), 0.3),
    ("grain", (206, 178, 140), 0.24), ("cement", (150, 148, 144), 0.16),
    ("cement", (196, 190, 178), 0.12), ("weave", (206, 202, 192), 0.14),
    ("slub", (122, 130, 138), 0.2), ("boucle", (176, 158, 138), 0.16),
    ("vein", (222, 220, 216), 0.2), ("nap", (98, 112, 120), 0.14),
    ("basket", (158, 126, 84), 0.26), ("pile", (126, 96, 92), 0.14),
    ("nap", (204, 194, 176), 0.08), ("brushed", (118, 122, 128), 0.1),
    ("nap", (150, 168, 160), 0.08),
)  # fmt: skip


def street_photo(product: DrawnProduct, seed: int) -> Image.Image:
    """Return a shopper's photo of the product (RGB, 320 by 320).

    Args:
        product: The product to photograph.
        seed: Of the photo; another seed is another photo.
    """
    return street_photo_of(product.look, product.rng_seed, product.index, seed)


def street_photo_of(look: Look, shop_seed: int, index: int, seed: int) -> Image.Image:
    """Return the photo of a look; shop and index only choose the clutter around it."""
    rng = random.Random(f"{seed}/{shop_seed}/{index}")  # noqa: S311 - art, not secrets
    noise = np.random.default_rng(rng.randrange(1 << 32))
    rest = KINDS[look.kind].rest
    side = rng.choice((-1.0, 1.0))
    scene = _room(rng, flat=rest == "flat" and rng.random() < 0.6)
    for _ in range(rng.choice((0, 1, 1, 2))):
        _put_clutter(scene, rng)
    thing, shadow = _posed(look, rng, side, rest)
    dark = Image.new("RGB", scene.size, (18, 16, 20))
    scene.paste(dark, (0, 0), shadow.point(lambda v: v * 0.8))
    scene.paste(thing, (0, 0), thing)
    if rng.random() < 0.3:
        _cover(scene, rng)
    return _camera(scene, rng, noise)


def _drawn(look: Look, rng: random.Random, side: float, size_px: int) -> Image.Image:
    flip = -1 if look.kind not in UPRIGHT and rng.random() < 0.35 else 1
    pen = Pen(light=side * flip, tilt=rng.uniform(0.14, 0.34))
    KINDS[look.kind].draw(pen, look)
    turn = rng.gauss(0, 5)
    pose = (
        f"translate(200 206) rotate({turn:.1f}) scale({0.92 * flip:.3f} 0.92) translate(-200 -206)"
    )
    return render(pen, size_px, transform=pose, seed=look.seed, side=side)


def _posed(
    look: Look, rng: random.Random, side: float, rest: str
) -> tuple[Image.Image, Image.Image]:
    """Return the thing and its shadow, turned and scaled to the camera's angle and distance."""
    thing = _drawn(look, rng, side, PHOTO_PX)
    shadow = contact_shadow(thing, "flat" if rest == "floor" and rng.random() < 0.2 else rest, side)
    size = rng.uniform(0.62, 1.08)
    dx, dy = rng.uniform(-0.1, 0.1), rng.uniform(-0.06, 0.1)
    lean = rng.uniform(-0.13, 0.13)
    nod = rng.uniform(-0.1, 0.12)
    corners = []
    for u, v in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
        depth = 1 + lean * u + nod * v
        corners.append((0.5 + dx + size * u * 0.5 / depth, 0.52 + dy + size * v * 0.5 / depth))
    coefficients = _perspective(corners, PHOTO_PX)
    warped = [
        layer.transform(
            layer.size, Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BICUBIC
        )
        for layer in (thing, shadow)
    ]
    return warped[0], warped[1]


def _perspective(corners: list[tuple[float, float]], size_px: int) -> list[float]:
    """Return Pillow's eight coefficients that map the square to `corners`, in shares of a side."""
    square = [(0, 0), (size_px, 0), (size_px, size_px), (0, size_px)]
    rows, values = [], []
    for (u, v), (x, y) in zip(
        square, [(a * size_px, b * size_px) for a, b in corners], strict=True
    ):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y])
        values += [u, v]
    return [float(c) for c in np.linalg.solve(np.asarray(rows, float), np.asarray(values, float))]


def _surface(rng: random.Random) -> npt.NDArray[np.float32]:
    name, rgb, depth = rng.choice(SURFACES)
    tile = texture(name)
    rows = (np.arange(PHOTO_PX) + rng.randrange(TILE_PX)) % TILE_PX
    columns = (np.arange(PHOTO_PX) + rng.randrange(TILE_PX)) % TILE_PX
    light = 1 + depth * tile[rows[:, None], columns]
    tint = np.asarray(rgb, np.float32) * rng.uniform(0.85, 1.12)
    return light[..., None] * tint


def _room(rng: random.Random, *, flat: bool) -> Image.Image:
    """Return a table top, or a wall above a floor."""
    pixels = _surface(rng)
    if not flat:
        edge = round(PHOTO_PX * rng.uniform(0.55, 0.8))
        pixels = pixels.copy()
        pixels[edge:] = _surface(rng)[edge:]
        pixels[edge - 2 : edge + 2] *= 0.7
    glow_x, glow_y = rng.random(), rng.random()
    y, x = np.mgrid[0:PHOTO_PX, 0:PHOTO_PX].astype(np.float32) / PHOTO_PX
    fall = 1.12 - 0.42 * np.hypot(x - glow_x, y - glow_y)
    room = Image.fromarray(np.clip(pixels * fall[..., None], 0, 255).astype(np.uint8), "RGB")
    return room.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.6)))


def _put_clutter(scene: Image.Image, rng: random.Random) -> None:
    """Put part of another shop's product at the edge of the picture, out of focus."""
    other = planned(CLUTTER_SHOP, rng.randrange(120)).look
    size_px = round(PHOTO_PX * rng.uniform(0.45, 0.8))
    thing = _drawn(other, rng, rng.choice((-1.0, 1.0)), size_px)
    thing = thing.filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 2.2)))
    thing = ImageEnhance.Brightness(thing).enhance(rng.uniform(0.65, 0.95))
    x = rng.choice((rng.uniform(-0.55, -0.3), rng.uniform(0.62, 0.85)))
    place = (round(x * PHOTO_PX), round(rng.uniform(-0.1, 0.6) * PHOTO_PX))
    scene.paste(thing, place, thing)


def _cover(scene: Image.Image, rng: random.Random) -> None:
    """Hide a corner or an edge of the picture behind something near the camera."""
    cover = Image.fromarray(np.clip(_surface(rng), 0, 255).astype(np.uint8), "RGB")
    mask = Image.new("L", scene.size)
    width, height = rng.uniform(0.24, 0.46), rng.uniform(0.3, 0.7)
    blob = Image.radial_gradient("L").resize(
        (round(width * 2 * PHOTO_PX), round(height * 2 * PHOTO_PX))
    )
    blob = blob.point(lambda v: 255 if v < 128 else 0)
    x = rng.choice((-width * 1.35, 1 - width * 0.65))
    mask.paste(blob, (round(x * PHOTO_PX), round(rng.uniform(-0.3, 0.8) * PHOTO_PX)))
    scene.paste(cover, (0, 0), mask.filter(ImageFilter.GaussianBlur(rng.uniform(2, 5))))


def _camera(scene: Image.Image, rng: random.Random, noise: np.random.Generator) -> Image.Image:
    """Return the scene as a phone takes it: colour cast, exposure, blur, noise, JPEG."""
    if rng.random() < 0.6:
        scene = scene.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.3)))
    if rng.random() < 0.2:
        shift = rng.randint(2, 4)
        scene = Image.blend(scene, ImageChops.offset(scene, shift, rng.randint(-1, 1)), 0.5)
    warm = rng.gauss(0, 0.045)
    cast = np.asarray((1 + warm, 1 + rng.gauss(0, 0.012), 1 - warm), np.float32)
    pixels = np.asarray(scene, np.float32) * (cast * np.float32(rng.uniform(0.74, 1.16)))
    gamma = rng.uniform(0.9, 1.12)
    pixels = 255 * np.clip(pixels / 255, 0, 1) ** np.float32(gamma)
    grain = noise.standard_normal((PHOTO_PX, PHOTO_PX, 1), np.float32)
    pixels += grain * np.float32(rng.uniform(1, 7))
    photo = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8), "RGB")
    packed = io.BytesIO()
    photo.save(packed, "JPEG", quality=rng.randint(45, 86))
    return Image.open(io.BytesIO(packed.getvalue())).convert("RGB")
