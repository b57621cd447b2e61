"""Product SQL of the searching side: hydrate hits, open a product, find a picture."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from search.beliefs import believed, claims
from search.errors import UnknownProduct
from search.models import Product, ProductImage
from search.results import ProductCard


def card(product: Product) -> ProductCard:
    """Return what a page shows of a product row."""
    said = claims(product)
    edited = {name: of["merchandiser"].value for name, of in said.items() if "merchandiser" in of}
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
        image_ids=tuple(image.id for image in product.images if image.sha256 is not None),
        attributes=believed(said),
    )


def hydrate(session: Session, product_ids: Sequence[int]) -> list[ProductCard]:
    """Return the products in the order asked for; retired and vanished ones are left out."""
    statement = (
        select(Product)
        .where(Product.id.in_(product_ids), Product.retired_at.is_(None))
        .options(selectinload(Product.images), selectinload(Product.attributes))
    )
    found = {product.id: product for product in session.scalars(statement)}
    return [card(found[i]) for i in product_ids if i in found]


def product_by_sku(session: Session, sku: str) -> ProductCard:
    """Return one product.

    Raises:
        UnknownProduct: no product in the catalogue has this sku.
    """
    statement = (
        select(Product)
        .where(Product.sku == sku, Product.retired_at.is_(None))
        .options(selectinload(Product.images), selectinload(Product.attributes))
    )
    product = session.scalars(statement).one_or_none()
    if product is None:
        raise UnknownProduct(sku)
    return card(product)


def picture_sha256(session: Session, image_id: int) -> str | None:
    """Return the content hash of a product picture, None where there is no usable one."""
    return session.scalar(select(ProductImage.sha256).where(ProductImage.id == image_id))
