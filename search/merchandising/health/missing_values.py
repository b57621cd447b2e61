"""Lists from the tables alone: no usable picture, no value, a colour that pictures contradict."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, select, tuple_
from sqlalchemy.orm import Session, aliased

from search.catalogue.product_cards import first_picture
from search.database.models import Product, ProductAttribute, ProductImage
from search.text.attribute_vocabulary import Vocabulary
from search.text.value_matching import named_values

COLUMNS = ("category", "brand", "colour", "price")
"""The merchant's fields that count as attributes here."""
SURE_FROM = 0.9
"""Confidence from which a picture may contradict a written colour."""


@dataclass(frozen=True, slots=True)
class Pictureless:
    """A product without a usable picture."""

    product_id: int
    sku: str
    title: str
    pictures: int  # named by the catalogue
    pending: int  # of these, not looked at yet
    error: str | None  # why one of the others can't be used


@dataclass(frozen=True, slots=True)
class Lacking:
    """A product without a value of an attribute."""

    product_id: int
    sku: str
    title: str
    category: str | None
    image_id: int | None


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A product whose written colour is not what its pictures show."""

    product_id: int
    sku: str
    title: str
    image_id: int | None
    stated: str
    seen: str
    confidence: float


def without_picture(session: Session, *, limit: int | None, offset: int = 0) -> list[Pictureless]:
    """Return the products on sale without a usable picture, by sku."""
    image = ProductImage
    statement = (
        select(
            Product.id,
            Product.sku,
            Product.title,
            func.count(image.id),
            func.count(image.id).filter(image.state == "pending"),
            func.max(image.error),
        )
        .outerjoin(image, image.product_id == Product.id)
        .where(*_pictureless())
        .group_by(Product.id)
        .order_by(Product.sku)
    )
    rows = session.execute(statement.limit(limit).offset(offset))
    return [Pictureless(*row) for row in rows]


def count_without_picture(session: Session) -> int:
    """Return how many products on sale have no usable picture."""
    return session.scalars(select(func.count(Product.id)).where(*_pictureless())).one()


def count_lacking(session: Session, names: Collection[str]) -> dict[str, int]:
    """Return how many products on sale have no value of each attribute, by any source."""
    return {
        name: session.scalars(select(func.count(Product.id)).where(*_lacks(name))).one()
        for name in names
    }


def lacking(session: Session, name: str, *, limit: int | None, offset: int = 0) -> list[Lacking]:
    """Return the products on sale without a value of an attribute, by sku."""
    statement = (
        select(Product.id, Product.sku, Product.title, Product.category, first_picture())
        .where(*_lacks(name))
        .order_by(Product.sku)
    )
    return [Lacking(*row) for row in session.execute(statement.limit(limit).offset(offset))]


def attribute_names(vocabulary: Vocabulary) -> tuple[str, ...]:
    """Return the names that `lacking` knows: fields, then attributes of the vocabulary."""
    return tuple(dict.fromkeys((*COLUMNS, *(each.name for each in vocabulary.attributes))))


def contradicted_colours(
    session: Session, vocabulary: Vocabulary, *, limit: int | None, offset: int = 0
) -> tuple[list[Contradiction], int]:
    """Return products whose pictures surely show another colour than is written, and their number.

    Words that the vocabulary does not know, and fields that name several colours, contradict
    nothing. Surest first.
    """
    statement, seen = _coloured()
    pairs = session.execute(
        select(Product.colour, seen.value).distinct().where(*_sure(seen)).select_from(Product)
        .join(seen, seen.product_id == Product.id)
    )  # fmt: skip
    opposed = [tuple(pair) for pair in pairs if _opposed(vocabulary, *pair)]
    if not opposed:
        return [], 0
    statement = statement.where(tuple_(Product.colour, seen.value).in_(opposed))
    total = session.scalars(select(func.count()).select_from(statement.subquery())).one()
    ordered = statement.order_by(seen.confidence.desc(), Product.sku)
    rows = session.execute(ordered.limit(limit).offset(offset))
    return [Contradiction(*row) for row in rows], total


def _coloured() -> tuple[Select[Any], Any]:
    """Select products with a written colour and one that their pictures surely show."""
    seen = aliased(ProductAttribute)
    columns: tuple[Any, ...] = (
        Product.id, Product.sku, Product.title, first_picture(), Product.colour
    )  # fmt: skip
    statement = (
        select(*columns, seen.value, seen.confidence)
        .join(seen, seen.product_id == Product.id)
        .where(*_sure(seen))
    )
    return statement, seen


def _sure(seen: Any) -> list[ColumnElement[bool]]:  # noqa: ANN401 - an alias
    edited = exists().where(
        ProductAttribute.product_id == Product.id,
        ProductAttribute.name == "colour",
        ProductAttribute.source == "merchandiser",
    )
    return [
        Product.retired_at.is_(None),
        Product.colour.is_not(None),
        seen.name == "colour",
        seen.source == "picture",
        seen.confidence >= SURE_FROM,
        ~edited,  # someone has decided already
    ]


def _opposed(vocabulary: Vocabulary, stated: str, seen: str) -> bool:
    """Return whether a written colour is one known colour, and not the one that is seen."""
    attribute = next((each for each in vocabulary.attributes if each.name == "colour"), None)
    named = named_values(attribute, stated) if attribute is not None else set()
    return len(named) == 1 and seen not in named


def _pictureless() -> tuple[ColumnElement[bool], ...]:
    image = aliased(ProductImage)  # apart from the one whose errors are selected
    usable = exists().where(
        image.product_id == Product.id, image.state != "failed", image.sha256.is_not(None)
    )
    return Product.retired_at.is_(None), ~usable


def _lacks(name: str) -> tuple[ColumnElement[bool], ...]:
    found = exists().where(ProductAttribute.product_id == Product.id, ProductAttribute.name == name)
    missing: list[ColumnElement[bool]] = [Product.retired_at.is_(None), ~found]
    if name in COLUMNS:
        field = Product.price_cents if name == "price" else getattr(Product, name)
        missing.append(field.is_(None))
    return tuple(missing)
