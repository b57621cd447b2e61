"""What merchandisers keep: rules, and descriptions with what they should find."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, func
from sqlalchemy.orm import Mapped, mapped_column

from search.database.models.base import Base, one_of

RULE_ACTIONS = ("pin", "boost", "bury", "synonym", "redirect")
RULE_FIELDS = ("sku", "brand", "category", "words", "address")
AMOUNTLESS = ("synonym", "redirect")


class Rule(Base):
    """What a merchant pins, boosts, buries, reads as other words, or sends elsewhere."""

    __tablename__ = "rule"
    __table_args__ = (
        CheckConstraint(one_of("action", RULE_ACTIONS), name="action"),
        CheckConstraint(one_of("field", RULE_FIELDS), name="field"),
        CheckConstraint(
            f"CASE WHEN {one_of('action', AMOUNTLESS)} THEN position IS NULL AND weight IS NULL "
            "ELSE (position IS NULL) <> (weight IS NULL) END",
            name="amount",
        ),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    query: Mapped[str] = mapped_column(server_default="")  # normalised; empty: all queries
    action: Mapped[str]
    field: Mapped[str]  # what `value` names
    value: Mapped[str]
    position: Mapped[int | None]  # 1-based, of a pin
    weight: Mapped[float | None]  # of a boost or bury, above 0, at most 1
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class SavedDescription(Base):
    """A description that a merchandiser keeps, to see that it goes on finding the right things."""

    __tablename__ = "saved_description"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    text: Mapped[str] = mapped_column(unique=True)  # normalised
    created_by: Mapped[str]  # name of the account
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class SavedJudgement(Base):
    """A product marked right or wrong for a saved description."""

    __tablename__ = "saved_judgement"

    description_id: Mapped[int] = mapped_column(
        ForeignKey("saved_description.id", ondelete="CASCADE"), primary_key=True
    )
    product_id: Mapped[int] = mapped_column(
        ForeignKey("product.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    right: Mapped[bool]


class SuiteRun(Base):
    """One run of all saved descriptions against a generation."""

    __tablename__ = "suite_run"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    generation_id: Mapped[int | None] = mapped_column(
        ForeignKey("generation.id", ondelete="SET NULL"), index=True
    )
    started_by: Mapped[str]  # name of the account, or of the command that built the generation
    report: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
