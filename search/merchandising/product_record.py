"""All that is known of a product, for those who work on the catalogue.

Shoppers see a `ProductCard`. A `ProductRecord` also has refused pictures, every source of every
attribute, and what the last ingest refused. Retired products have one too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session, selectinload

from search.catalogue.attribute_precedence import Claims, claims
from search.catalogue.product_cards import card
from search.database.models import Product, ProductImage, Quarantine
from search.errors import UnknownProduct
from search.results import AttributeValue, ProductCard
from search.text.normalise import folded


@dataclass(frozen=True, slots=True)
class PictureRecord:
    """One picture of a product, usable or not."""

    id: int
    address: str
    state: str  # `pending`, `ready` or `failed`
    shown: bool  # whether there is a rendition
    width_px: int | None
    height_px: int | None
    error: str | None  # why it failed


@dataclass(frozen=True, slots=True)
class ProductRefusal:
    """A row or a picture of the product that was quarantined."""

    kind: str  # `row` or `image`
    reason: str
    detail: str
    address: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ProductRecord:
    """A product, its attributes by source, and what is wrong with it."""

    card: ProductCard
    merchant: dict[str, str | None]  # category and colour as the merchant's fields have them
    claims: Claims
    pictures: tuple[PictureRecord, ...]
    refusals: tuple[ProductRefusal, ...]
    source: str
    created_at: datetime
    updated_at: datetime
    retired_at: datetime | None

    @property
    def marks(self) -> tuple[str, ...]:
        """What is wrong with the product, in a few words each."""
        states = {picture.state for picture in self.pictures}
        noted = {
            "retired": self.retired_at is not None,
            "no picture": not self.pictures,
            "no usable picture": bool(self.pictures) and not self.card.image_ids,
            "picture failed": bool(self.card.image_ids) and "failed" in states,
            "quarantined": any(refusal.kind == "row" for refusal in self.refusals),
        }
        return tuple(mark for mark, holds in noted.items() if holds)

    def believed(self, name: str) -> AttributeValue | None:
        """Return the value of an attribute by its best source; None where there is none."""
        return next(iter(self.claims.get(name, {}).values()), None)

    def doubted(self, name: str) -> AttributeValue | None:
        """Return what the pictures show where it differs from what counts."""
        seen, counts = self.claims.get(name, {}).get("picture"), self.believed(name)
        if seen is None or counts is None or folded(seen.value) == folded(counts.value):
            return None
        return seen


def product_records(session: Session, product_ids: Sequence[int]) -> list[ProductRecord]:
    """Return products in the order asked for; ids without a product are left out."""
    found = session.scalars(_loaded().where(Product.id.in_(product_ids)))
    products = {product.id: product for product in found}
    refusals = _refusals(session, list(products.values()))
    return [_record(products[i], refusals[i]) for i in product_ids if i in products]


def product_record(session: Session, sku: str) -> ProductRecord:
    """Return one product, retired or not.

    Raises:
        UnknownProduct: no product has this sku.
    """
    product = session.scalars(_loaded().where(Product.sku == sku)).one_or_none()
    if product is None:
        raise UnknownProduct(sku)
    return _record(product, _refusals(session, [product])[product.id])


def _loaded() -> Select[Product]:
    return select(Product).options(selectinload(Product.images), selectinload(Product.attributes))


def _refusals(session: Session, products: Sequence[Product]) -> dict[int, list[ProductRefusal]]:
    """Return what was quarantined of products, by product id."""
    by_picture = {image.id: product.id for product in products for image in product.images}
    by_sku = {(product.source, product.sku): product.id for product in products}
    rows = session.scalars(
        select(Quarantine)
        .where(
            or_(
                Quarantine.product_image_id.in_(by_picture),
                (Quarantine.kind == "row") & Quarantine.sku.in_([sku for _, sku in by_sku]),
            )
        )
        .order_by(Quarantine.id)
    )
    found: dict[int, list[ProductRefusal]] = {product.id: [] for product in products}
    for row in rows:
        product_id = by_picture.get(row.product_image_id or 0)
        if product_id is None:
            product_id = by_sku.get((row.source, row.sku or ""))
        if product_id is not None:
            found[product_id].append(
                ProductRefusal(row.kind, row.reason, row.detail, row.address, row.created_at)
            )
    return found


def _record(product: Product, refusals: Sequence[ProductRefusal]) -> ProductRecord:
    return ProductRecord(
        card=card(
            product,
            [image.id for image in product.images if image.sha256 is not None],
            product.attributes,
        ),
        merchant={"category": product.category, "colour": product.colour},
        claims=claims(product, product.attributes),
        pictures=tuple(_picture(image) for image in product.images),
        refusals=tuple(refusals),
        source=product.source,
        created_at=product.created_at,
        updated_at=product.updated_at,
        retired_at=product.retired_at,
    )


def _picture(image: ProductImage) -> PictureRecord:
    return PictureRecord(
        id=image.id,
        address=image.address,
        state=image.state,
        shown=image.sha256 is not None,
        width_px=image.width_px,
        height_px=image.height_px,
        error=image.error,
    )
