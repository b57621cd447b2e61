"""The index: where embeddings are, generations, and the jobs that make them."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from search.database.models.base import Base, one_of

GENERATION_STATES = ("building", "verified", "live", "retired", "failed")
JOB_STATES = ("running", "done", "failed")
FINDING_KINDS = ("duplicate", "category", "title")


class Embedding(Base):
    """Where the vector of a picture's content under a model is stored."""

    __tablename__ = "embedding"

    sha256: Mapped[str] = mapped_column(primary_key=True)
    model_tag: Mapped[str] = mapped_column(primary_key=True)
    shard: Mapped[str] = mapped_column(index=True)  # file name below embeddings/<model_tag>/
    row: Mapped[int]  # 0-based


class GenerationRow(Base):
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


class DeltaRow(Base):
    """What searchers lay over a generation: changes since it was built. One row, one pointer."""

    __tablename__ = "delta"

    generation_id: Mapped[int] = mapped_column(
        ForeignKey("generation.id", ondelete="CASCADE"), primary_key=True
    )
    directory: Mapped[str]  # name below deltas/
    manifest: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Finding(Base):
    """What looking over a generation found odd of a product: see `search.merchandising.health`."""

    __tablename__ = "finding"
    __table_args__ = (
        CheckConstraint(one_of("kind", FINDING_KINDS), name="kind"),
        Index(None, "generation_id", "kind"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    generation_id: Mapped[int] = mapped_column(ForeignKey("generation.id", ondelete="CASCADE"))
    kind: Mapped[str]
    product_id: Mapped[int] = mapped_column(
        ForeignKey("product.id", ondelete="CASCADE"), index=True
    )
    product_image_id: Mapped[int] = mapped_column(
        ForeignKey("product_image.id", ondelete="CASCADE"), index=True
    )
    group: Mapped[int | None]  # of duplicates: equal for those that belong together
    score: Mapped[float]  # how sure, 0 to 1
    detail: Mapped[dict[str, Any]]


class Job(Base):
    """A long piece of work and how far it is."""

    __tablename__ = "job"
    __table_args__ = (CheckConstraint(one_of("state", JOB_STATES), name="state"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[str]  # ingest, encode, build, reindex, inspect
    state: Mapped[str] = mapped_column(server_default="running")
    total: Mapped[int] = mapped_column(server_default=text("0"))
    done: Mapped[int] = mapped_column(server_default=text("0"))
    failed: Mapped[int] = mapped_column(server_default=text("0"))
    error: Mapped[str | None]
    report: Mapped[dict[str, Any] | None]
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]
