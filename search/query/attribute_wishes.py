"""What a query's words wish of attributes, as the columns of a generation tell it.

An unwanted value is an exclusion: rows known to have it are left out of the search. A wanted one
is a wish: the stage `compose` lifts what is known to have it. It guesses nothing: what a column
leaves open is left to the vectors.
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
    fits: Mask  # (values of the facet + 1,) by code; the last, for rows that say nothing, is False


def wishes(wanted: Sequence[Value], columns: Columns, vocabulary: Vocabulary) -> tuple[Wish, ...]:
    """Return a wish for each attribute that wanted values are of and the columns know."""
    found = []
    for attribute in vocabulary.attributes:
        names = {value.name for value in wanted if value.attribute == attribute.name}
        facet = columns.facets.get(attribute.name)
        if names and facet is not None:
            found.append(Wish(attribute.name, _fitting(facet, attribute, names)))
    return tuple(found)


def without(unwanted: Sequence[Value], columns: Columns, vocabulary: Vocabulary) -> Mask:
    """Return (n,) which rows are not known to have an unwanted value."""
    keep = np.ones(len(columns), dtype=np.bool_)
    for wish in wishes(unwanted, columns, vocabulary):
        keep &= ~wish.fits[columns.facets[wish.attribute].codes]
    return keep


def _fitting(facet: Facet, attribute: Attribute, names: set[str]) -> Mask:
    """Return by code which values of a facet mean one of the names: "Navy/White" means navy."""
    fits = [not names.isdisjoint(_meant(attribute, value)) for value in facet.values]
    return np.array([*fits, False], dtype=np.bool_)


@lru_cache(maxsize=100_000)
def _meant(attribute: Attribute, value: str) -> frozenset[str]:
    """Return what a merchant's word means; shops have many names for a colour."""
    return named_values(attribute, value)
