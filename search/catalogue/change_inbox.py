"""Products that are sent or withdrawn between two readings of their catalogue: an inbox.

Whoever has a change writes it down here, with a name for the audit trail, and is answered at once;
`indexer.ingest.settle_changes` settles what waits, in order, and says of each what became of it.
Refuses more than `MOST_WAITING` from outside: then nobody settles them, and waiting longer would
help nobody.
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
    """One change, and what became of it."""

    id: int
    action: str  # of CHANGE_ACTIONS
    sku: str  # empty: of a row that is read again and whose sku is not known
    state: str  # of CHANGE_STATES
    reason: str | None  # why it was refused: a short code
    detail: str | None  # what to do; of one that is done: what was odd about it
    actor: str
    received_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is not settled yet."""

    count: int
    oldest_at: datetime | None  # None: nothing waits


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
        fields: The product's; what they leave out, it will not have.
        actor: Who sends it.
        pictures: Absolute paths of pictures that came with it; they stand first.
        most: Refuse where so many wait; None: never.

    Raises:
        TooManyChanges: so many wait.
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
        most: Refuse where so many wait; None: never.

    Raises:
        TooManyChanges: so many wait.
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
    """Have refused rows of catalogues read again; return how many, which are as many as fit.

    Args:
        session: Open session; the caller commits.
        actor: Who wants it.
        refusal_id: Only this entry of the quarantine.
        code: Only those of this reason; empty: of any.
        source: Only those of this catalogue; empty: of any.

    Raises:
        TooManyChanges: none fits.
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
    """Return the query of the quarantine's entries that wait to be read again."""
    return select(ProductChange.quarantine_id).where(
        ProductChange.state == "waiting", ProductChange.quarantine_id.is_not(None)
    )


def last_rereads(session: Session, quarantine_ids: Sequence[int]) -> dict[int, InboxChange]:
    """Return by entry of the quarantine what became of its last reading that is over."""
    settled = (
        select(ProductChange)
        .where(ProductChange.quarantine_id.in_(quarantine_ids), ProductChange.state != "waiting")
        .order_by(ProductChange.id)  # a later one takes the place of an earlier
    )
    return {row.quarantine_id: _view(row) for row in session.scalars(settled) if row.quarantine_id}


def refuse_change(
    session: Session, action: str, sku: str, *, actor: str, reason: str, detail: str
) -> InboxChange:
    """Write down a change that is refused before anybody settles it, for whoever looks it up."""
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
        UnknownEntry: there is none of this number, or it is forgotten.
    """
    change = session.get(ProductChange, change_id)
    if change is None:
        raise UnknownEntry("change", change_id, "It never was, or it is forgotten.")
    return _view(change)


def list_changes(
    session: Session, *, state: str = "", sku: str = "", limit: int, offset: int = 0
) -> tuple[list[InboxChange], int]:
    """Return changes, newest first, and how many there are in all.

    Args:
        session: Open session.
        state: Only in this state; empty: in any.
        sku: Only of this product; empty: of all.
        limit: At most so many.
        offset: After so many.
    """
    wanted: list[ColumnElement[bool]] = []
    if state:
        wanted.append(ProductChange.state == state)
    if sku:
        wanted.append(ProductChange.sku == sku)
    rows, total = newest_rows(session, ProductChange, *wanted, limit=limit, offset=offset)
    return [_view(row) for row in rows], total


def waiting_changes(session: Session) -> Waiting:
    """Return how many changes wait, and since when the first does."""
    counted = select(func.count(), func.min(ProductChange.received_at))
    count, oldest_at = session.execute(counted.where(ProductChange.state == "waiting")).one()
    return Waiting(count, oldest_at)


def forget_changes(session: Session, before: datetime) -> int:
    """Delete what was settled before a time; return how many changes."""
    settled = delete(ProductChange).where(
        ProductChange.state != "waiting", ProductChange.settled_at < before
    )
    return len(session.execute(settled.returning(ProductChange.id)).all())


def _write_down(session: Session, change: ProductChange, most: int | None) -> InboxChange:
    """Add a change to those that wait, and to the audit trail."""
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
