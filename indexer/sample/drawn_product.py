"""One product of the sample shop: its facts, its words, its picture.

`draw_product` is a pure function of seed, index and size. It refuses to write files.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from PIL import Image

from indexer.sample.assortment import planned
from indexer.sample.kinds import KINDS
from indexer.sample.product_look import Look
from indexer.sample.product_wording import Offer, offer
from indexer.sample.studio_pictures import Backdrop, photographed, render
from indexer.sample.svg_pen import Pen

UPRIGHT = {"clock", "wrist watch"}
"""Kinds that a mirror would turn into nonsense."""


@dataclass(frozen=True, slots=True)
class DrawnProduct:
    """A product as the shop lists it, with its studio picture."""

    sku: str
    kind: str  # "table lamp"
    shape: str  # the kind's style: "drum"
    colour: str  # a name from `palette.COLOURS`
    pattern: str  # "plain", "striped", "checked", "polka dot", "floral", "geometric"
    material: str
    trim: str  # a further visible fact ("brass base"), or empty
    title: str
    description: str
    brand: str
    category: str  # a path, "Home > Lighting > Table lamps"
    price_cents: int
    currency: str  # ISO 4217
    in_stock: bool
    family: str  # sku of the first product of its family; its own where it is alone
    image: Image.Image  # RGB, size_px square
    look: Look  # everything drawn, so that it can be drawn again in another light
    index: int
    rng_seed: int


def draw_product(rng_seed: int, index: int, *, size_px: int = 384) -> DrawnProduct:
    """Return product number `index` of the shop that `rng_seed` stands for.

    Args:
        rng_seed: The shop.
        index: 0, 1, …; a product does not depend on how many are drawn.
        size_px: Side of the square picture.

    Raises:
        ValueError: index is negative, or size_px below 16.
    """
    words = offered(rng_seed, index)
    if size_px < 16:
        raise ValueError(f"size_px={size_px} is too small to draw on: give 16 or more.")
    look = planned(rng_seed, index).look
    return DrawnProduct(
        sku=words.sku,
        kind=look.kind,
        shape=look.shape,
        colour=look.colour,
        pattern=look.pattern,
        material=look.material,
        trim=look.trim,
        title=words.title,
        description=words.description,
        brand=words.brand,
        category=KINDS[look.kind].category,
        price_cents=words.price_cents,
        currency=words.currency,
        in_stock=words.in_stock,
        family=words.family,
        image=studio_picture(look, size_px),
        look=look,
        index=index,
        rng_seed=rng_seed,
    )


def offered(rng_seed: int, index: int) -> Offer:
    """Return what the shop says about a product, without drawing it.

    Raises:
        ValueError: index is negative.
    """
    if index < 0:
        raise ValueError(f"index={index} is not a product: products are numbered from 0.")
    plan = planned(rng_seed, index)
    return offer(plan.look, rng_seed, index, plan.family)


def studio_picture(look: Look, size_px: int) -> Image.Image:
    """Return the shop's main picture of a look (RGB, square)."""
    rng = random.Random(look.seed)  # noqa: S311 - art, not secrets
    kind = KINDS[look.kind]
    side = rng.choice((-1.0, -1.0, -1.0, 1.0))
    pen = Pen(light=side, tilt=rng.uniform(0.19, 0.25))
    kind.draw(pen, look)
    size = rng.uniform(0.84, 0.98)
    flip = -1 if look.kind not in UPRIGHT and rng.random() < 0.3 else 1
    turn = rng.uniform(-2.5, 2.5) if kind.rest == "flat" else 0.0
    pose = (
        f"translate(200 206) rotate({turn:.2f}) sca"
        f"le({size * flip:.3f} {size:.3f}) translate(-200 -206)"
    )
    if look.kind == "pendant lamp":
        pose = f"translate(200 0) scale({size * flip:.3f} {size:.3f}) translate(-200 0)"
    pen.light *= flip
    thing = render(pen, size_px, transform=pose, seed=look.seed, side=side)
    grey = rng.randint(240, 250)
    warm = rng.randint(-2, 3)
    backdrop = Backdrop((min(grey + warm, 255), grey, grey - warm), rng.uniform(0.03, 0.08))
    return photographed(thing, kind.rest, side, backdrop)


def close_up(look: Look, size_px: int) -> Image.Image:
    """Return a second shop picture: nearer, turned, lit from the other side."""
    rng = random.Random(look.seed + 1)  # noqa: S311 - art, not secrets
    kind = KINDS[look.kind]
    pen = Pen(light=1.0, tilt=0.28)
    kind.draw(pen, look)
    near = rng.uniform(1.25, 1.5)
    x, y = rng.uniform(170, 230), rng.uniform(170, 240)
    pose = (
        f"translate(200 200) rotate({rng.uniform(-8, 8):.1f})"
        f" scale({near:.3f}) translate({-x:.1f} {-y:.1f})"
    )
    thing = render(pen, size_px, transform=pose, seed=look.seed, side=1.0)
    return photographed(thing, "wall", 1.0, Backdrop((242, 240, 236), 0.05))
