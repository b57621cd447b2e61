"""The shop's plan: the ordered list of products of a seed, and the look of each.

Product number i of a seed is the same, however many products a shop has. About a third of the
products belong to a family: one shape in several colours. It refuses to draw.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice

from indexer.sample.kinds import KINDS, ProductKind
from indexer.sample.palette import COLOURS, DYES, brightness, jittered
from indexer.sample.product_look import Look

FAMILY_SHARE = 0.18  # of draws that start a family of 2 to 5 products
ATTEMPTS = 24  # draws before a look-alike of an earlier product is accepted
LIGHT_ACCENTS = ("white", "beige", "pink", "mustard")
DARK_ACCENTS = ("navy", "black", "red", "green", "blue", "purple")

ONLY_MADE_OF = {
    ("hat", "beanie"): "knit",
    ("hat", "bucket"): "cotton",
    ("hat", "boater"): "straw",
    ("hat", "fedora"): "felt",
    ("chair", "spindle"): "wood",
    ("chair", "ladder"): "wood",
}
"""(kind, shape) -> the one material it comes in."""

REPLACED_MATERIALS = {
    ("chair", "shell", "wood"): "plastic",
    ("chair", "upholstered", "wood"): "velvet",
    ("chair", "upholstered", "plastic"): "leather",
    ("stool", "pouf", "wood"): "velvet",
    ("cap", "baseball", "wool"): "cotton",
    ("cap", "trucker", "wool"): "cotton",
    ("trousers", "shorts", "wool"): "cotton",
    ("pendant lamp", "globe", "metal"): "glass",
    ("pendant lamp", "dome", "glass"): "metal",
    ("pendant lamp", "cone", "glass"): "metal",
    ("pendant lamp", "bell", "glass"): "metal",
}
"""(kind, shape, implausible material) -> the material that replaces it."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One product of the plan."""

    look: Look
    family: int  # number of the family's first product


class _Plan:
    """The list of one seed's products, extended on demand."""

    def __init__(self, seed: int) -> None:
        self._products: list[Planned] = []
        self._stream = _products(seed)

    def product(self, index: int) -> Planned:
        missing = index + 1 - len(self._products)
        if missing > 0:
            self._products.extend(islice(self._stream, missing))
        return self._products[index]


@lru_cache(maxsize=8)
def _plan(seed: int) -> _Plan:
    return _Plan(seed)


def planned(seed: int, index: int) -> Planned:
    """Return product number `index` (0, 1, …) of the shop with this seed."""
    return _plan(seed).product(index)


def _products(seed: int) -> Iterator[Planned]:
    rng = random.Random(seed)  # noqa: S311 - art, not secrets
    seen: set[tuple[str, ...]] = set()
    number = 0
    while True:
        names = list(KINDS)
        rng.shuffle(names)
        for name in names:
            look = _fresh(KINDS[name], rng, seen)
            family = number
            size = rng.choices((2, 3, 4, 5), (4, 3, 2, 1))[0] if rng.random() < FAMILY_SHARE else 1
            for variant in (look, *_variants(KINDS[name], look, size - 1, rng, seen)):
                yield Planned(variant, family)
                number += 1


def _fresh(kind: ProductKind, rng: random.Random, seen: set[tuple[str, ...]]) -> Look:
    """Draw looks until one differs visibly from all earlier ones."""
    look = _drawn(kind, rng)
    for _ in range(ATTEMPTS):
        if look.key not in seen:
            break
        look = _drawn(kind, rng)
    seen.add(look.key)
    return look


def _variants(
    kind: ProductKind, look: Look, count: int, rng: random.Random, seen: set[tuple[str, ...]]
) -> Iterator[Look]:
    """Yield the same thing in up to `count` other colours of its material."""
    others = [name for name in kind.materials[look.material] if name != look.colour]
    rng.shuffle(others)
    for colour in others[:count]:
        accent = _accent(colour, rng) if look.pattern != "plain" else look.accent
        variant = replace(
            look,
            colour=colour,
            rgb=jittered(colour, rng),
            accent=accent,
            accent_rgb=jittered(accent, rng),
        )
        if variant.key not in seen:
            seen.add(variant.key)
            yield variant


def _drawn(kind: ProductKind, rng: random.Random) -> Look:
    material = rng.choice(tuple(kind.materials))
    shape = rng.choice(kind.shapes)
    material = _fitting(kind, shape, material)
    colour = rng.choice(kind.materials[material])
    pattern = rng.choice(kind.patterns) if material in kind.patterned else "plain"
    accent = _accent(colour, rng)
    return Look(
        kind=kind.name,
        shape=shape,
        colour=colour,
        pattern=pattern,
        material=material,
        accent=accent,
        trim=_trim(kind, shape, rng),
        rgb=jittered(colour, rng),
        accent_rgb=jittered(accent, rng),
        wide=rng.uniform(0.9, 1.1),
        tall=rng.uniform(0.92, 1.08),
        scale=rng.uniform(0.72, 1.15),
        seed=rng.randrange(1 << 30),
    )


def _fitting(kind: ProductKind, shape: str, material: str) -> str:
    """Return `material`, or a plausible one if the shape is not made of it."""
    only = ONLY_MADE_OF.get((kind.name, shape))
    return only or REPLACED_MATERIALS.get((kind.name, shape, material), material)


def _trim(kind: ProductKind, shape: str, rng: random.Random) -> str:
    trim = rng.choice(kind.trims)
    if (kind.name, trim) == ("hat", "bobble") and shape != "beanie":
        return ""
    if kind.name == "cushion" and shape == "round":
        return ""
    if kind.name == "rug" and trim == "fringed" and shape in ("round", "oval"):
        return "bordered"
    if kind.name == "stool" and shape == "pouf":
        return ""
    if kind.name == "chair" and shape in ("spindle", "ladder"):
        return ""  # the legs are of the same wood as the rest
    return trim


def _accent(colour: str, rng: random.Random) -> str:
    """Return a second colour that stands out from the first."""
    dark = brightness(COLOURS[colour]) < 0.62
    choices = LIGHT_ACCENTS if dark else DARK_ACCENTS
    pool = [name for name in choices if name != colour and name in DYES]
    if dark and rng.random() < 0.5:
        return "white"
    return rng.choice(pool)
