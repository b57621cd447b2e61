"""Lists the whole catalogue by SQL: filtered, counted and sorted as it is now, indexed or not.

An attribute's value follows `search.catalogue.attribute_precedence`, so an edit counts here at
once. Searching by words or by likeness is the engine's part.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, func, select, tuple_
from sqlalchemy.orm import Session, aliased

from search.catalogue.attribute_precedence import FIELD_ATTRIBUTES
from search.database.models import Product, ProductAttribute
from search.results import FacetValue, Filters
from search.text.normalise_sql import folded_path_sql, folded_sql

SORTS: dict[str, ColumnElement[Any]] = {
    "newest": Product.created_at.desc(),
    "changed": Product.updated_at.desc(),
    "title": func.lower(Product.title),
    "sku": Product.sku.asc(),
    "cheapest": Product.price_cents.asc().nulls_last(),
    "dearest": Product.price_cents.desc().nulls_last(),
}
"""Orders by name; ties go to the newer product."""


def list_products(
    session: Session,
    filters: Filters,
    *,
    sort: str,
    limit: int,
    offset: int = 0,
    within: Sequence[int] | None = None,
) -> list[int]:
    """Return the ids of products that are not retired.

    Args:
        session: Open session.
        filters: What the products must be, as in a search.
        sort: One of `SORTS`.
        limit: How many at most.
        offset: How many to skip.
        within: Only products of these ids; None: all.
    """
    wanted = select(Product.id).where(*_conditions(filters))
    if within is not None:
        wanted = wanted.where(Product.id.in_(within))
    ordered = wanted.order_by(SORTS[sort], Product.id.desc())
    return list(session.scalars(ordered.limit(limit).offset(offset)))


def count_products(session: Session, filters: Filters) -> int:
    """Return how many products there are to list."""
    counted = select(func.count()).select_from(Product).where(*_conditions(filters))
    return session.scalar(counted) or 0


def count_values(
    session: Session, filters: Filters, names: Sequence[str]
) -> dict[str, tuple[FacetValue, ...]]:
    """Count the values of attributes and brand among the products to list, frequent ones first.

    All are counted in one pass over the products (grouping sets).
    """
    values = [believed_value(name).label(f"value_{i}") for i, name in enumerate(names)]
    listed = select(*values).where(*_conditions(filters)).subquery()
    columns = list(listed.columns)
    counted = select(func.grouping(*columns), func.count(), *columns).group_by(
        func.grouping_sets(*(tuple_(column) for column in columns))
    )
    found: dict[str, list[FacetValue]] = {name: [] for name in names}
    for aggregated, count, *row in session.execute(counted):
        # `grouping` has a bit for each column, the last column's lowest: 0 marks the counted one.
        place = next(i for i in range(len(names)) if not aggregated >> (len(names) - 1 - i) & 1)
        if row[place] is not None:
            found[names[place]].append(FacetValue(row[place], count))
    return {
        name: tuple(sorted(known, key=lambda value: (-value.count, value.value)))
        for name, known in found.items()
    }


def believed_value(name: str) -> ColumnElement[str]:
    """Return SQL for the value of an attribute, or of the brand; NULL where there is none."""
    if name == "brand":
        return func.nullif(Product.brand, "")
    field = [func.nullif(getattr(Product, name), "")] if name in FIELD_ATTRIBUTES else []
    return func.coalesce(
        _said(name, "merchandiser"), *field, _said(name, "title"), _said(name, "picture")
    )


def _said(name: str, source: str) -> ColumnElement[str]:
    row = aliased(ProductAttribute)
    return (
        select(row.value)
        .where(row.product_id == Product.id, row.name == name, row.source == source)
        .scalar_subquery()
    )


def _conditions(filters: Filters) -> list[ColumnElement[bool]]:
    """Return filters as SQL; they mean the same as in `search.index.product_columns`."""
    found: list[ColumnElement[bool]] = [Product.retired_at.is_(None)]
    if filters.categories:
        path = folded_path_sql(believed_value("category"))
        wanted = [folded_path_sql(category) for category in filters.categories]
        below = [func.starts_with(path, category.concat(" > ")) for category in wanted]
        found.append(func.coalesce(path.in_(wanted), False) | _any(below))
    named = {"brand": filters.brands, "colour": filters.colours, **filters.attributes}
    for name, values in named.items():
        if values:
            wanted = [folded_sql(value) for value in values]
            found.append(folded_sql(believed_value(name)).in_(wanted))
    if filters.min_price_cents is not None:
        found.append(Product.price_cents >= filters.min_price_cents)
    if filters.max_price_cents is not None:
        found.append(Product.price_cents <= filters.max_price_cents)
    if filters.in_stock is not None:
        found.append(Product.in_stock.is_(filters.in_stock))
    return found


def _any(conditions: Sequence[ColumnElement[bool]]) -> ColumnElement[bool]:
    either = conditions[0]
    for condition in conditions[1:]:
        either |= condition
    return either
