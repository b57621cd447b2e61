"""What shoppers asked, saw and opened."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Identity, Index, UniqueConstraint, func
from sqlalchemy.orm import Mapped, mapped_column

from search.database.models.base import Base


class SearchEvent(Base):
    """What was asked and shown. No personal data; a picture only where the shopper agreed."""

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
    shown: Mapped[list[Any]]  # [[product id, similarity, rank], …]; variants: None
    verdict: Mapped[str | None]  # same, close, nothing; None: not judged
    photo: Mapped[str | None]  # file name below asked/, where the shopper agreed to have it kept
    elapsed_ms: Mapped[float]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Click(Base):
    """Which shown product was opened."""

    __tablename__ = "click"
    __table_args__ = (UniqueConstraint("search_event_id", "product_id"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    search_event_id: Mapped[int] = mapped_column(ForeignKey("search_event.id", ondelete="CASCADE"))
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"))
    rank: Mapped[int]  # 1-based
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
