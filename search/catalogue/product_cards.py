"""Reads products for searches and pages: hits, one product, the content of a picture."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, ScalarSelect, select
from sqlalchemy.orm import Session

from search.catalogue.attribute_precedence import AnyRow, believed, claims
from search.database.models import Product, ProductAttribute, ProductImage
from search.errors import UnknownProduct
from search.results import ProductCard

SHOWN = (
    Product.id,
    Product.sku,
    Product.title,
    Product.description,
    Product.brand,
    Product.category,
    Product.colour,
    Product.price_cents,
    Product.currency,
    Product.in_stock,
    Product.url,
)
KNOWN = (
    ProductAttribute.product_id,
    ProductAttribute.name,
    ProductAttribute.value,
    ProductAttribute.confidence,
    ProductAttribute.source,
)


def card(
    product: Product | AnyRow,
    image_ids: Sequence[int],
    attributes: Sequence[ProductAttribute | AnyRow],
) -> ProductCard:
    """Return what a page shows of a product.

    Args:
        product: Its row.
        image_ids: Its usable pictures in the merchant's order.
        attributes: Its rows of `product_attribute`.
    """
    claimed = claims(product, attributes)
    edited = {
        name: by_source["merchandiser"].value
        for name, by_source in claimed.items()
        if "merchandiser" in by_source
    }
    return ProductCard(
        product_id=product.id,
        sku=product.sku,
        title=product.title,
        description=product.description,
        brand=product.brand,
        category=edited.get("category", product.category),
        colour=edited.get("colour", product.colour),
        price_cents=product.price_cents,
        currency=product.currency,
        in_stock=product.in_stock,
        url=product.url,
        image_ids=tuple(image_ids),
        attributes=believed(claimed),
    )


def hydrate(session: Session, product_ids: Sequence[int]) -> list[ProductCard]:
    """Return products in the order of their ids. Retired and deleted ones are left out.

    Every search waits for this, so it reads rows: the ORM's objects take three times as long.
    """
    shown = select(*SHOWN).where(Product.id.in_(product_ids), Product.retired_at.is_(None))
    found = {row.id: row for row in session.execute(shown)}
    images: dict[int, list[int]] = {product: [] for product in found}
    for product, image in session.execute(
        select(ProductImage.product_id, ProductImage.id)
        .where(ProductImage.product_id.in_(found), ProductImage.sha256.is_not(None))
        .order_by(ProductImage.position)
    ):
        images[product].append(image)
    known: dict[int, list[AnyRow]] = {product: [] for product in found}
    for row in session.execute(
        select(*KNOWN).where(ProductAttribute.product_id.in_(found)).order_by(ProductAttribute.name)
    ):
        known[row.product_id].append(row)
    return [card(found[i], images[i], known[i]) for i in product_ids if i in found]


def product_by_sku(session: Session, sku: str) -> ProductCard:
    """Return one product.

    Raises:
        UnknownProduct: no product in the catalogue has this sku.
    """
    found = hydrate(session, session.scalars(select(Product.id).where(Product.sku == sku)).all())
    if not found:
        raise UnknownProduct(sku)
    return found[0]


def picture_sha256(session: Session, image_id: int) -> str | None:
    """Return the content hash of a product picture, None where there is no usable one."""
    return session.scalar(select(ProductImage.sha256).where(ProductImage.id == image_id))


def first_picture(*wanted: ColumnElement[bool]) -> ScalarSelect[int]:
    """Return a subquery for the id of a product's first usable picture, as its card shows it.

    Args:
        wanted: What the picture must be besides.
    """
    return (
        select(ProductImage.id)
        .where(ProductImage.product_id == Product.id, ProductImage.sha256.is_not(None), *wanted)
        .order_by(ProductImage.position)
        .limit(1)
        .correlate(Product)
        .scalar_subquery()
    )
