"""The catalogue: products, their pictures and attributes, and what was refused."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Computed,
    ForeignKey,
    Identity,
    Index,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column, relationship

from search.database.fulltext_columns import SEARCH_SQL, SKU_KEY_SQL
from search.database.models.base import CHANGED_IN, Base, one_of

IMAGE_STATES = ("pending", "ready", "failed")
ATTRIBUTE_SOURCES = ("merchandiser", "title", "picture")
CHANGE_ACTIONS = ("put", "delete", "reread")
CHANGE_STATES = ("waiting", "done", "refused")


class Product(Base):
    """A sellable thing, keyed by the merchant's sku."""

    __tablename__ = "product"
    __table_args__ = (
        Index(None, "sku_key"),
        Index(None, "search", postgresql_using="gin"),
        Index(None, "changed_in"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    sku: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    description: Mapped[str] = mapped_column(server_default="")
    brand: Mapped[str | None]
    category: Mapped[str | None]  # a path, `A > B > C`
    colour: Mapped[str | None]
    price_cents: Mapped[int | None]
    currency: Mapped[str | None]  # ISO 4217
    in_stock: Mapped[bool] = mapped_column(server_default=text("true"))
    url: Mapped[str | None]
    source: Mapped[str]  # the catalogue it came from
    retired_at: Mapped[datetime | None]  # set: no longer in the catalogue, not indexed
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    changed_in: Mapped[int] = mapped_column(server_default=text(CHANGED_IN), deferred=True)
    """The transaction that wrote the row last, set by a trigger; see `search.index.delta_files`."""
    sku_key: Mapped[str] = mapped_column(  # sku without case and signs
        Text(collation="C"), Computed(SKU_KEY_SQL, persisted=True), deferred=True
    )
    search: Mapped[str] = mapped_column(  # words, see `search.database.fulltext_columns`
        TSVECTOR, Computed(SEARCH_SQL, persisted=True), deferred=True
    )

    attributes: Mapped[list["ProductAttribute"]] = relationship(
        cascade="all, delete-orphan", passive_deletes=True, order_by="ProductAttribute.name"
    )
    images: Mapped[list["ProductImage"]] = relationship(
        back_populates="product",
        order_by="ProductImage.position",
        cascade="all, delete-orphan",
        passive_deletes=True,
    )


class ProductImage(Base):
    """A picture of a product: where it is, what it holds, whether it can be used."""

    __tablename__ = "product_image"
    __table_args__ = (
        UniqueConstraint("product_id", "address"),
        CheckConstraint(one_of("state", IMAGE_STATES), name="state"),
        Index(None, "state"),
        Index(None, "sha256"),
        Index(None, "fetched_sha256", postgresql_where=text("fetched_sha256 IS NOT NULL")),
        Index(None, "changed_in"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"))
    position: Mapped[int]  # 0-based, the merchant's order
    address: Mapped[str]  # absolute path or http(s) address
    fingerprint: Mapped[str | None]  # size and mtime of a local file: whether it may have changed
    etag: Mapped[str | None]  # what the host of a remote picture said of what it sent last
    last_modified: Mapped[str | None]  # the same, where it says no ETag
    checked_at: Mapped[datetime | None]  # when the host was last asked for a remote picture
    fetched_sha256: Mapped[str | None]  # of a remote picture that is fetched but not encoded yet
    state: Mapped[str] = mapped_column(server_default="pending")
    sha256: Mapped[str | None]  # of the file's bytes, hex
    width_px: Mapped[int | None]  # upright
    height_px: Mapped[int | None]
    colours: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    """Share by colour name of what sha256 shows."""
    structure: Mapped[bytes | None]  # perceptual hash, see `indexer.encoding.difference_hash`
    error: Mapped[str | None]  # why it failed
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    changed_in: Mapped[int] = mapped_column(server_default=text(CHANGED_IN), deferred=True)

    product: Mapped[Product] = relationship(back_populates="images")


class ProductAttribute(Base):
    """What a product is like by a merchandiser, its title or its pictures.

    The merchant's own fields are never touched. A merchandiser is believed before them, they
    before the title, and the title before the pictures.
    """

    __tablename__ = "product_attribute"
    __table_args__ = (
        Index(None, "changed_in", postgresql_where=text("source = 'merchandiser'")),
        CheckConstraint(one_of("source", ATTRIBUTE_SOURCES), name="source"),
        CheckConstraint("confidence BETWEEN 0 AND 1", name="confidence"),
        CheckConstraint("(source = 'merchandiser') = (model_tag IS NULL)", name="model_tag"),
    )

    product_id: Mapped[int] = mapped_column(
        ForeignKey("product.id", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str] = mapped_column(primary_key=True)  # category, colour, pattern, …
    source: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]
    confidence: Mapped[float]
    model_tag: Mapped[str | None]  # the model whose build wrote it; None: a merchandiser did
    changed_in: Mapped[int] = mapped_column(server_default=text(CHANGED_IN), deferred=True)


class Quarantine(Base):
    """What was refused, and why: a catalogue row or a picture."""

    __tablename__ = "quarantine"
    __table_args__ = (
        CheckConstraint(one_of("kind", ("row", "image")), name="kind"),
        Index(None, "source", "kind"),
        Index(None, "product_image_id"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[str]
    source: Mapped[str]
    line: Mapped[int | None]  # 1-based line or row number in the source
    sku: Mapped[str | None]
    address: Mapped[str | None]  # of a picture
    product_image_id: Mapped[int | None] = mapped_column(
        ForeignKey("product_image.id", ondelete="CASCADE")
    )
    reason: Mapped[str]  # a short code
    detail: Mapped[str]  # a sentence that says what to do
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ProductChange(Base):
    """A product that was sent or withdrawn between two readings of its catalogue.

    Whoever sends it writes a row here; whoever keeps the index fresh takes the rows in their
    order and says what became of each.
    """

    __tablename__ = "product_change"
    __table_args__ = (
        CheckConstraint(one_of("action", CHANGE_ACTIONS), name="action"),
        CheckConstraint(one_of("state", CHANGE_STATES), name="state"),
        Index(None, "id", postgresql_where=text("state = 'waiting'")),
        Index(None, "sku"),
        Index(None, "quarantine_id", postgresql_where=text("quarantine_id IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    action: Mapped[str]
    sku: Mapped[str]  # empty: of a row that is read again and whose sku is not known
    record: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    """Of `put`: the product's fields by their names in a catalogue."""
    quarantine_id: Mapped[int | None] = mapped_column(
        ForeignKey("quarantine.id", ondelete="SET NULL")
    )
    """Of `reread`: the refused row; None once its catalogue was read after all."""
    state: Mapped[str] = mapped_column(server_default="waiting")
    reason: Mapped[str | None]  # why it was refused: a short code
    detail: Mapped[str | None]  # a sentence that says what to do
    actor: Mapped[str]  # who sent it, as in the audit trail
    received_at: Mapped[datetime] = mapped_column(server_default=func.now())
    settled_at: Mapped[datetime | None]
