"""Which source counts for an attribute: merchandiser, merchant's field, title, then pictures.

Everything that shows, filters or indexes an attribute goes by this order. The values of other
sources are kept too, so that merchandisers see them side by side.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row

from search.database.models import Product, ProductAttribute
from search.results import AttributeValue

SOURCES = ("merchandiser", "merchant", "title", "picture")
"""The first source that has a value is believed."""
FIELD_ATTRIBUTES = ("category", "colour")
"""Attributes that are also fields of the merchant's catalogue."""

AnyRow = Row[*tuple[Any, ...]]
Claims = dict[str, dict[str, AttributeValue]]
"""The values of a product's attributes: by attribute, then by source, the believed one first."""


def claims(product: Product | AnyRow, attributes: Iterable[ProductAttribute | AnyRow]) -> Claims:
    """Return the values that all sources give for a product's attributes.

    Args:
        product: Its row, or the fields of it.
        attributes: Its rows of `product_attribute`.
    """
    given = [
        AttributeValue(name, value, 1.0, "merchant")
        for name in FIELD_ATTRIBUTES
        if (value := getattr(product, name))
    ]
    given += [AttributeValue(row.name, row.value, row.confidence, row.source) for row in attributes]
    found: Claims = {}
    for claim in sorted(given, key=lambda claim: SOURCES.index(claim.source)):
        found.setdefault(claim.name, {})[claim.source] = claim
    first = [name for name in FIELD_ATTRIBUTES if name in found]
    return {name: found[name] for name in (*first, *sorted(found.keys() - set(first)))}


def believed(claims: Claims) -> tuple[AttributeValue, ...]:
    """Return each attribute once, with the value that is believed."""
    return tuple(next(iter(by_source.values())) for by_source in claims.values())
