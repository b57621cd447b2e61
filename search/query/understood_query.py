"""What a query means, once it is understood: all that finding and ranking need to know of it."""

from dataclasses import dataclass, field

import numpy as np

from search.index.product_columns import Mask
from search.query.attribute_wishes import Wish
from search.query.photo_regions import PhotoRegions
from search.query.rule_effects import Rules
from search.results import Ids, Vector
from search.text.fulltext_search import Lexical


def no_products() -> Ids:
    """Return (0,) int64."""
    return np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class UnderstoodQuery:
    """A query after encoding; nothing in it needs a model or a database any more."""

    vector: Vector  # (d,) float32, unit length
    kind: str  # `photo`, `text`, `both` or `similar`
    looked: PhotoRegions | None = None  # what was seen in the photo
    text: str = ""  # the words as typed
    lexical: Lexical = field(default_factory=Lexical)  # what its words found
    brand: Mask | None = None  # (rows,) products of the brand that the text names; None: no brand
    keep: Mask | None = None  # (rows,) what filters and exclusions leave; None: all
    also: Ids = field(default_factory=no_products)  # products to rank beside what the index finds
    rules: Rules = field(default_factory=Rules)  # business rules in force
    wishes: tuple[Wish, ...] = ()  # what the words wish of attributes
