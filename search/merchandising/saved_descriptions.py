"""Saved descriptions: texts that must go on finding the right products.

Merchandisers mark products right or wrong for each. Every change is in the audit trail. Nothing is
searched here; `search.merchandising.regression_suite` does that.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from search.database.audit_trail import record_change
from search.database.models import Product, SavedDescription, SavedJudgement
from search.errors import UnknownEntry, UnknownProduct, UnusableEntry
from search.text.normalise import normalised

MOST = 300
"""Descriptions at most. A run asks all of them, and each takes about 50 ms."""
LONGEST = 200


@dataclass(frozen=True, slots=True)
class Mark:
    """A product marked for a description."""

    product_id: int
    sku: str
    title: str
    right: bool
    retired: bool  # no longer in the catalogue, so it can't be found


@dataclass(frozen=True, slots=True)
class Saved:
    """A description and its marks."""

    id: int
    text: str  # normalised
    created_by: str
    created_at: datetime
    marks: tuple[Mark, ...]  # by sku

    def marked(self, *, right: bool) -> tuple[Mark, ...]:
        """Return the products marked right or wrong that are still in the catalogue."""
        return tuple(mark for mark in self.marks if mark.right == right and not mark.retired)


def list_saved(session: Session) -> list[Saved]:
    """Return all descriptions by text, with their marks."""
    rows = session.scalars(select(SavedDescription).order_by(SavedDescription.text)).all()
    marks = _marks(session, [row.id for row in rows])
    return [_saved(row, marks[row.id]) for row in rows]


def find_saved(session: Session, saved_id: int) -> Saved:
    """Return one description.

    Raises:
        UnknownEntry: there is none of this number.
    """
    row = _row(session, saved_id)
    return _saved(row, _marks(session, [row.id])[row.id])


def add_saved(session: Session, text: str, *, actor: str) -> int:
    """Save a description and return its id; that of the same text where it is saved already.

    Raises:
        UnusableEntry: it is empty or too long, or too many are kept.
    """
    words = normalised(text)
    if not words or len(words) > LONGEST or "\x00" in words:
        raise UnusableEntry(f"Give a description of up to {LONGEST} characters.")
    known = session.scalar(select(SavedDescription.id).where(SavedDescription.text == words))
    if known is not None:
        return known
    if (session.scalar(select(func.count(SavedDescription.id))) or 0) >= MOST:
        raise UnusableEntry(f"{MOST} descriptions are kept, which is all. Remove one first.")
    row = SavedDescription(text=words, created_by=actor)
    session.add(row)
    session.flush()
    record_change(session, actor, "saved.add", row.id, {"text": words})
    return row.id


def remove_saved(session: Session, saved_id: int, *, actor: str) -> str:
    """Forget a description and its marks; return its text.

    Raises:
        UnknownEntry: there is none of this number.
    """
    row = _row(session, saved_id)
    record_change(session, actor, "saved.remove", row.id, {"text": row.text})
    session.delete(row)
    session.flush()
    return row.text


def mark(session: Session, saved_id: int, sku: str, right: bool | None, *, actor: str) -> None:
    """Mark a product for a description, or take its mark away.

    Args:
        session: Open session; the caller commits.
        saved_id: The description.
        sku: The product.
        right: Whether the description should find it; None takes the mark away.
        actor: Who marks it, for the audit trail.

    Raises:
        UnknownEntry: there is no such description.
        UnknownProduct: no product has this sku.
    """
    row = _row(session, saved_id)
    product_id = session.scalar(select(Product.id).where(Product.sku == sku))
    if product_id is None:
        raise UnknownProduct(sku)
    key = (
        SavedJudgement.description_id == saved_id,
        SavedJudgement.product_id == product_id,
    )
    before = session.scalar(select(SavedJudgement.right).where(*key))
    if before == right:
        return
    if right is None:
        session.execute(delete(SavedJudgement).where(*key))
    else:
        statement = insert(SavedJudgement).values(
            description_id=saved_id, product_id=product_id, right=right
        )
        session.execute(
            statement.on_conflict_do_update(
                index_elements=["description_id", "product_id"], set_={"right": right}
            )
        )
    change = {"text": row.text, "sku": sku, "before": _word(before), "after": _word(right)}
    record_change(session, actor, "saved.mark", saved_id, change)


def _word(right: bool | None) -> str | None:
    return None if right is None else "right" if right else "wrong"


def _row(session: Session, saved_id: int) -> SavedDescription:
    row = session.get(SavedDescription, saved_id)
    if row is None:
        raise UnknownEntry("saved description", str(saved_id), "/studio/saved lists all.")
    return row


def _marks(session: Session, saved_ids: Iterable[int]) -> defaultdict[int, list[Mark]]:
    statement = (
        select(
            SavedJudgement.description_id,
            Product.id,
            Product.sku,
            Product.title,
            SavedJudgement.right,
            Product.retired_at.is_not(None),
        )
        .join(Product, Product.id == SavedJudgement.product_id)
        .where(SavedJudgement.description_id.in_(list(saved_ids)))
        .order_by(Product.sku)
    )
    found: defaultdict[int, list[Mark]] = defaultdict(list)
    for saved_id, product_id, sku, title, right, retired in session.execute(statement):
        found[saved_id].append(Mark(product_id, sku, title, right, retired))
    return found


def _saved(row: SavedDescription, marks: list[Mark]) -> Saved:
    return Saved(row.id, row.text, row.created_by, row.created_at, tuple(marks))
