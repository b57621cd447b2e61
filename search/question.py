"""What a query means, once it is understood: all that finding and ranking need to know of it."""

from dataclasses import dataclass, field

import numpy as np

from search.columns import Mask
from search.lexical import Lexical
from search.local import Cells
from search.regions import Region
from search.results import Ids, Vector
from search.rules import Rules


def no_products() -> Ids:
    """Return (0,) int64."""
    return np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class Question:
    """A query after encoding; nothing in it needs a model or a database any more."""

    vector: Vector  # (d,) float32, unit length
    kind: str  # `photo`, `text`, `both` or `similar`
    part: Vector | None = None  # (d,) float32, unit length, of the thing meant in a photo
    cells: Cells | None = None  # of the photo
    regions: tuple[Region, ...] = ()  # things in the photo, best first
    meant: Region | None = None  # the one that `part` shows
    text: str = ""  # the words as typed
    lexical: Lexical = field(default_factory=Lexical)  # what its words found
    brand: Mask | None = None  # (rows,) products of the brand that the text names; None: no brand
    keep: Mask | None = None  # (rows,) what filters and exclusions leave; None: all
    also: Ids = field(default_factory=no_products)  # products to rank beside what the index finds
    rules: Rules = field(default_factory=Rules)  # business rules in force
