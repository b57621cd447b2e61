"""What a query's words ask of attributes, as masks over a generation's columns.

An unwanted value excludes: rows known to have it are left out of the search. A wanted value is a
wish: the ranking stage `consistency` lifts the rows known to have it. A row without a value in the
column is neither excluded nor lifted; its vector decides.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from search.index.product_columns import Columns, Facet, Mask
from search.text.attribute_vocabulary import Attribute, Value, Vocabulary
from search.text.value_matching import named_values


@dataclass(frozen=True, slots=True)
class Wish:
    """Values of one attribute, any of which will do."""

    attribute: str
    fits: Mask  # (values of the facet + 1,) by code; the last, for rows without a value, is False


def find_wishes(
    wanted: Sequence[Value], columns: Columns, vocabulary: Vocabulary
) -> tuple[Wish, ...]:
    """Return a wish for each attribute of the wanted values that the columns hold."""
    wishes = []
    for attribute in vocabulary.attributes:
        names = {value.name for value in wanted if value.attribute == attribute.name}
        facet = columns.facets.get(attribute.name)
        if names and facet is not None:
            wishes.append(Wish(attribute.name, _fitting(facet, attribute, names)))
    return tuple(wishes)


def rows_without(unwanted: Sequence[Value], columns: Columns, vocabulary: Vocabulary) -> Mask:
    """Return (n,) which rows are not known to have an unwanted value."""
    keep = np.ones(len(columns), dtype=np.bool_)
    for wish in find_wishes(unwanted, columns, vocabulary):
        keep &= ~wish.fits[columns.facets[wish.attribute].codes]
    return keep


def _fitting(facet: Facet, attribute: Attribute, names: set[str]) -> Mask:
    """Return by code which values of a facet mean one of the names: "Navy/White" means navy."""
    fits = [not names.isdisjoint(_named(attribute, value)) for value in facet.values]
    return np.array([*fits, False], dtype=np.bool_)


@lru_cache(maxsize=100_000)
def _named(attribute: Attribute, value: str) -> frozenset[str]:
    """Return which values a merchant's word names. Shops have many words for a colour."""
    return named_values(attribute, value)
