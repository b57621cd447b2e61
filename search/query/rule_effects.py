"""What a merchant's business rules ask of one query: a value that the stage `rules` reads.

`search.rules.rule_store` keeps the rules and finds those that apply; nothing here reads a
database.
"""

from dataclasses import dataclass
from typing import Literal

OutOfStock = Literal["as_is", "lower", "last"]


@dataclass(frozen=True, slots=True)
class Pin:
    """A product that stands at a place of its own."""

    position: int  # 1-based, over all pages
    product_id: int


@dataclass(frozen=True, slots=True)
class Shift:
    """Products that move up or down: those of one field's value."""

    weight: float  # -1..1; 1 lifts the last of the first hundred beside the first
    product_id: int | None = None
    brand: str | None = None  # compared without case
    category: str | None = None  # a path; keeps everything below it


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules in force for one query; empty ones change nothing."""

    pins: tuple[Pin, ...] = ()  # by position, then by age
    shifts: tuple[Shift, ...] = ()
    out_of_stock: OutOfStock = "as_is"

    def __bool__(self) -> bool:
        return self != Rules()
