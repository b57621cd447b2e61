"""What the merchant's business rules ask of one query: values that the stage `rules` applies.

`search.rules.rule_set` finds the rules in force for a query and makes these values of them.
Nothing here reads a database.
"""

from dataclasses import dataclass
from typing import Literal

OutOfStock = Literal["as_is", "lower", "last"]
"""What becomes of products that can't be bought now: nothing, a little lower, behind all others."""


@dataclass(frozen=True, slots=True)
class Pin:
    """A product that stands at a place of its own."""

    position: int  # 1-based, over all pages
    product_id: int


@dataclass(frozen=True, slots=True)
class Shift:
    """Products that move up or down: one product, or all of a brand or a category."""

    weight: float  # -1..1; 1 lifts the last of the first hundred beside the first
    product_id: int | None = None
    brand: str | None = None  # compared without case
    category: str | None = None  # a path; everything below it moves too


@dataclass(frozen=True, slots=True)
class RuleEffects:
    """What all rules in force ask of one query. Empty ones change nothing."""

    pins: tuple[Pin, ...] = ()  # by position, then by age
    shifts: tuple[Shift, ...] = ()
    out_of_stock: OutOfStock = "as_is"

    def __bool__(self) -> bool:
        return self != RuleEffects()
