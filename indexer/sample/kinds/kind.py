"""A kind of product: the shapes, materials and colours that it may have, and its drawing.

It refuses to choose: the plan picks one of the allowed combinations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from indexer.sample.palette import DYES
from indexer.sample.product_look import Look
from indexer.sample.svg_pen import Pen

Draw = Callable[[Pen, Look], None]

DYE_NAMES = tuple(DYES)
HIDES = ("black", "brown", "rust", "red", "navy", "beige", "white", "green")


@dataclass(frozen=True, slots=True)
class ProductKind:
    """One kind of product."""

    name: str
    department: str  # "Fashion", "Home", …: decides the brands
    category: str
    shapes: tuple[str, ...]
    materials: Mapping[str, tuple[str, ...]]  # material -> its colours
    price: tuple[int, int]  # whole units of currency, usual range
    draw: Draw
    rest: str = "floor"  # how it is photographed: "floor", "flat" or "wall"
    patterns: tuple[str, ...] = ("plain",)
    patterned: tuple[str, ...] = ()  # materials that may have a pattern
    trims: tuple[str, ...] = ("",)
    synonyms: tuple[str, ...] = field(default=())
