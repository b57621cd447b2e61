"""A query once it is understood: all that finding and ranking need to know of it."""

from dataclasses import dataclass, field

import numpy as np

from search.index.product_columns import Mask
from search.query.attribute_wishes import Wish
from search.query.photo_regions import EncodedPhoto
from search.query.rule_effects import RuleEffects
from search.results import Ids, Vector
from search.text.fulltext_search import Lexical


def no_products() -> Ids:
    """Return (0,) int64."""
    return np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class UnderstoodQuery:
    """A query after encoding. To rank by it needs no model and no database."""

    vector: Vector  # (d,) float32, unit length
    kind: str  # `photo`, `text`, `both` or `similar`
    photo: EncodedPhoto | None = None
    text: str = ""  # as typed; misspelt words are corrected unless it names unwanted values
    lexical: Lexical = field(default_factory=Lexical)  # what its words found
    brand_rows: Mask | None = None  # (rows,) of the brand that the text names; None: it names none
    keep: Mask | None = None  # (rows,) what filters and exclusions leave; None: all
    extra_ids: Ids = field(default_factory=no_products)  # ranked even if the index misses them
    rules: RuleEffects = field(default_factory=RuleEffects)  # of the business rules in force
    wishes: tuple[Wish, ...] = ()  # what the words ask of attributes
