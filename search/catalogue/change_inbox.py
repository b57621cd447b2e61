"""The inbox of changes: products that are sent or withdrawn between two ingests of a catalogue.

A change is written here with the name of its actor, and the sender is answered at once.
`indexer.ingest.settle_changes` settles waiting changes in order and records the outcome of each.
Where `MOST_WAITING` changes wait, further ones from outside are refused: then nothing settles them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, delete, func, insert, select
from sqlalchemy.orm import Session

from search.catalogue.product_fields import ProductFields
from search.database.audit_trail import record_change
from search.database.models import ProductChange, Quarantine
from search.database.newest_rows import newest_rows
from search.errors import TooManyChanges, UnknownEntry

API_SOURCE = "api"
"""The source of products that no catalogue ever named."""
MOST_WAITING = 10_000


@dataclass(frozen=True, slots=True)
class InboxChange:
    """One change and its outcome."""

    id: int
    action: str  # of CHANGE_ACTIONS
    sku: str  # empty: a row is read again whose sku is not known
    state: str  # of CHANGE_STATES
    reason: str | None  # of a refused change: a short code
    detail: str | None  # of a refused change: what to do; of a done one: what was odd about it
    actor: str
    received_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many changes wait, and for how long."""

    count: int
    oldest_at: datetime | None  # None: none waits


def put_product(
    session: Session,
    sku: str,
    fields: ProductFields,
    *,
    actor: str,
    pictures: Sequence[str] = (),
    most: int | None = MOST_WAITING,
) -> InboxChange:
    """Write down a product that is new or replaces the one of its sku.

    Args:
        session: Open session; the caller commits.
        sku: As `search.catalogue.product_fields.SKU` reads it.
        fields: The whole product. A field that they leave out, the product will not have.
        actor: Who sends it.
        pictures: Absolute paths of pictures that were sent with it. They stand first.
        most: Refuse where this many changes wait; None: never.

    Raises:
        TooManyChanges: that many wait.
    """
    record = fields.model_dump(mode="json", exclude_none=True, exclude={"sku", "image"})
    record |= {"sku": sku, "image": [*pictures, *fields.image]}
    change = ProductChange(action="put", sku=sku, record=record, actor=actor)
    return _write_down(session, change, most)


def delete_product(
    session: Session, sku: str, *, actor: str, most: int | None = MOST_WAITING
) -> InboxChange:
    """Write down that a product is withdrawn.

    Args:
        session: Open session; the caller commits.
        sku: As `search.catalogue.product_fields.SKU` reads it.
        actor: Who withdraws it.
        most: Refuse where this many changes wait; None: never.

    Raises:
        TooManyChanges: that many wait.
    """
    return _write_down(session, ProductChange(action="delete", sku=sku, actor=actor), most)


def reread_rows(
    session: Session,
    *,
    actor: str,
    refusal_id: int | None = None,
    code: str = "",
    source: str = "",
) -> int:
    """Have refused rows of catalogues read again, as many as the inbox has room for.

    Args:
        session: Open session; the caller commits.
        actor: Who asks for it.
        refusal_id: Only this entry of the quarantine; None: all.
        code: Only rows that were refused for this reason; empty: for any.
        source: Only rows of this catalogue; empty: of any.

    Returns:
        How many rows will be read.

    Raises:
        TooManyChanges: there is no room.
    """
    room = MOST_WAITING - waiting_changes(session).count
    if room <= 0:
        raise _too_many(MOST_WAITING - room)
    wanted = [Quarantine.kind == "row", Quarantine.id.not_in(waiting_rows())]
    if refusal_id is not None:
        wanted.append(Quarantine.id == refusal_id)
    if code:
        wanted.append(Quarantine.reason == code)
    if source:
        wanted.append(Quarantine.source == source)
    rows = session.execute(
        select(Quarantine.id, Quarantine.sku).where(*wanted).order_by(Quarantine.id).limit(room)
    )
    added = [
        {"action": "reread", "sku": sku or "", "quarantine_id": number, "actor": actor}
        for number, sku in rows
    ]
    if added:
        session.execute(insert(ProductChange), added)
        subject = f"quarantine {refusal_id}" if refusal_id is not None else code or source or "all"
        record_change(session, actor, "row.reread", subject, {"rows": len(added)})
    return len(added)


def waiting_rows() -> Select[int | None]:
    """Return a query for the entries of the quarantine that wait to be read again."""
    return select(ProductChange.quarantine_id).where(
        ProductChange.state == "waiting", ProductChange.quarantine_id.is_not(None)
    )


def last_rereads(session: Session, quarantine_ids: Sequence[int]) -> dict[int, InboxChange]:
    """Return the last settled rereading of each entry of the quarantine, by entry."""
    settled = (
        select(ProductChange)
        .where(ProductChange.quarantine_id.in_(quarantine_ids), ProductChange.state != "waiting")
        .order_by(ProductChange.id)  # a later one takes the place of an earlier
    )
    return {row.quarantine_id: _view(row) for row in session.scalars(settled) if row.quarantine_id}


def refuse_change(
    session: Session, action: str, sku: str, *, actor: str, reason: str, detail: str
) -> InboxChange:
    """Record a change that is refused at once, so that its sender can look it up."""
    change = ProductChange(
        action=action,
        sku=sku,
        actor=actor,
        state="refused",
        reason=reason,
        detail=detail,
        settled_at=func.now(),
    )
    session.add(change)
    session.flush()
    return _view(change)


def read_change(session: Session, change_id: int) -> InboxChange:
    """Return one change.

    Raises:
        UnknownEntry: there is no such change, or it was forgotten.
    """
    change = session.get(ProductChange, change_id)
    if change is None:
        raise UnknownEntry("change", change_id, "It never was, or it is forgotten.")
    return _view(change)


def list_changes(
    session: Session, *, state: str = "", sku: str = "", limit: int, offset: int = 0
) -> tuple[list[InboxChange], int]:
    """Return one page of changes, newest first, and how many there are in all.

    Args:
        session: Open session.
        state: Only changes in this state; empty: in any.
        sku: Only changes of this product; empty: of any.
        limit: Changes on the page.
        offset: Changes before the page.
    """
    wanted: list[ColumnElement[bool]] = []
    if state:
        wanted.append(ProductChange.state == state)
    if sku:
        wanted.append(ProductChange.sku == sku)
    rows, total = newest_rows(session, ProductChange, *wanted, limit=limit, offset=offset)
    return [_view(row) for row in rows], total


def waiting_changes(session: Session) -> Waiting:
    """Return how many changes wait, and since when the oldest does."""
    counted = select(func.count(), func.min(ProductChange.received_at))
    count, oldest_at = session.execute(counted.where(ProductChange.state == "waiting")).one()
    return Waiting(count, oldest_at)


def forget_changes(session: Session, before: datetime) -> int:
    """Delete the changes that were settled before a time. Return how many."""
    settled = delete(ProductChange).where(
        ProductChange.state != "waiting", ProductChange.settled_at < before
    )
    return len(session.execute(settled.returning(ProductChange.id)).all())


def _write_down(session: Session, change: ProductChange, most: int | None) -> InboxChange:
    """Add a change to the inbox and to the audit trail."""
    if most is not None and (waiting := waiting_changes(session).count) >= most:
        raise _too_many(waiting)
    session.add(change)
    session.flush()
    record_change(
        session, change.actor, f"product.{change.action}", change.sku, {"change": change.id}
    )
    return _view(change)


def _too_many(waiting: int) -> TooManyChanges:
    return TooManyChanges(
        f"{waiting:,} changes of products wait already. Try again later; an operator sees to it "
        "that `findalike watch` runs."
    )


def _view(change: ProductChange) -> InboxChange:
    return InboxChange(
        id=change.id,
        action=change.action,
        sku=change.sku,
        state=change.state,
        reason=change.reason,
        detail=change.detail,
        actor=change.actor,
        received_at=change.received_at,
        settled_at=change.settled_at,
    )
