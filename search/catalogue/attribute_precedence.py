"""Who is believed of an attribute: merchandiser, then the merchant's field, title, pictures.

Everything that shows, filters or indexes an attribute goes by this order. What is not believed is
kept all the same, so that whoever works on the catalogue sees it side by side.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row

from search.database.models import Product, ProductAttribute
from search.results import AttributeValue

SOURCES = ("merchandiser", "merchant", "title", "picture")
"""The first that says something is believed."""
FIELD_ATTRIBUTES = ("category", "colour")
"""Attributes that are fields of the merchant's catalogue too."""

AnyRow = Row[*tuple[Any, ...]]
Claims = dict[str, dict[str, AttributeValue]]
"""What is said of a product: by attribute, then by source, the believed one first."""


def claims(product: Product | AnyRow, attributes: Iterable[ProductAttribute | AnyRow]) -> Claims:
    """Return all that is said of a product.

    Args:
        product: Its row, or the fields of it.
        attributes: Rows of `product_attribute` that are about it.
    """
    said = [
        AttributeValue(name, value, 1.0, "merchant")
        for name in FIELD_ATTRIBUTES
        if (value := getattr(product, name))
    ]
    said += [AttributeValue(row.name, row.value, row.confidence, row.source) for row in attributes]
    found: Claims = {}
    for claim in sorted(said, key=lambda claim: SOURCES.index(claim.source)):
        found.setdefault(claim.name, {})[claim.source] = claim
    first = [name for name in FIELD_ATTRIBUTES if name in found]
    return {name: found[name] for name in (*first, *sorted(found.keys() - set(first)))}


def believed(said: Claims) -> tuple[AttributeValue, ...]:
    """Return each attribute once, by the source that counts."""
    return tuple(next(iter(by_source.values())) for by_source in said.values())
