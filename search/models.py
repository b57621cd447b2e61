"""The tables. Migrations under `migrations/` create them; a test finds drift."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    MetaData,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

IMAGE_STATES = ("pending", "ready", "failed")
ATTRIBUTE_SOURCES = ("picture", "title")
GENERATION_STATES = ("building", "verified", "live", "retired", "failed")
JOB_STATES = ("running", "done", "failed")


def one_of(column: str, values: tuple[str, ...]) -> str:
    """Return the SQL of a check that `column` is one of `values`."""
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


class Base(DeclarativeBase):
    """Base of all tables, with names for constraints so that migrations can find them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012  (SQLAlchemy reads it as a class attribute)
        str: Text,
        int: BigInteger,
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        list[Any]: JSONB,
    }


class Product(Base):
    """A sellable thing, keyed by the merchant's sku."""

    __tablename__ = "product"

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
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"))
    position: Mapped[int]  # 0-based, the merchant's order
    address: Mapped[str]  # absolute path or http(s) address
    fingerprint: Mapped[str | None]  # size and mtime, or ETag: whether it may have changed
    state: Mapped[str] = mapped_column(server_default="pending")
    sha256: Mapped[str | None]  # of the file's bytes, hex
    width_px: Mapped[int | None]  # upright
    height_px: Mapped[int | None]
    colours: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    """Share by colour name of what sha256 shows."""
    error: Mapped[str | None]  # why it failed
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())

    product: Mapped[Product] = relationship(back_populates="images")


class ProductAttribute(Base):
    """What a product is like by its title or its pictures, beside what its fields say.

    The merchant's own fields are never touched; where they speak, they are believed.
    """

    __tablename__ = "product_attribute"
    __table_args__ = (
        CheckConstraint(one_of("source", ATTRIBUTE_SOURCES), name="source"),
        CheckConstraint("confidence BETWEEN 0 AND 1", name="confidence"),
    )

    product_id: Mapped[int] = mapped_column(
        ForeignKey("product.id", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str] = mapped_column(primary_key=True)  # category, colour, pattern, …
    source: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]
    confidence: Mapped[float]
    model_tag: Mapped[str]  # the model whose build wrote it


class Embedding(Base):
    """Where the vector of a picture's content under a model is stored."""

    __tablename__ = "embedding"

    sha256: Mapped[str] = mapped_column(primary_key=True)
    model_tag: Mapped[str] = mapped_column(primary_key=True)
    shard: Mapped[str] = mapped_column(index=True)  # file name below embeddings/<model_tag>/
    row: Mapped[int]  # 0-based


class Generation(Base):
    """A published index, or one on its way to be; at most one is live."""

    __tablename__ = "generation"
    __table_args__ = (
        CheckConstraint(one_of("state", GENERATION_STATES), name="state"),
        Index("uq_generation_live", "state", unique=True, postgresql_where=text("state = 'live'")),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    state: Mapped[str]
    model_tag: Mapped[str]
    directory: Mapped[str] = mapped_column(unique=True)  # name below generations/
    manifest: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    published_at: Mapped[datetime | None]  # None: never, or rolled back from


class Job(Base):
    """A long piece of work and how far it is."""

    __tablename__ = "job"
    __table_args__ = (CheckConstraint(one_of("state", JOB_STATES), name="state"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[str]  # ingest, encode, build, publish, reindex
    state: Mapped[str] = mapped_column(server_default="running")
    total: Mapped[int] = mapped_column(server_default=text("0"))
    done: Mapped[int] = mapped_column(server_default=text("0"))
    failed: Mapped[int] = mapped_column(server_default=text("0"))
    error: Mapped[str | None]
    report: Mapped[dict[str, Any] | None]
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]


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


class SearchEvent(Base):
    """What was asked and shown. No personal data, no picture."""

    __tablename__ = "search_event"
    __table_args__ = (Index(None, "created_at"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[str]  # photo, text, both, similar
    text: Mapped[str | None]
    filters: Mapped[dict[str, Any]]
    page: Mapped[int]
    generation_id: Mapped[int | None] = mapped_column(
        ForeignKey("generation.id", ondelete="SET NULL"), index=True
    )
    total: Mapped[int]
    shown: Mapped[list[Any]]  # [[product id, similarity], …] in order
    elapsed_ms: Mapped[float]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Click(Base):
    """Which shown product was opened."""

    __tablename__ = "click"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    search_event_id: Mapped[int] = mapped_column(
        ForeignKey("search_event.id", ondelete="CASCADE"), index=True
    )
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"))
    rank: Mapped[int]  # 1-based
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
