"""Changes of single products, settled in the order in which they came.

Each is settled in a transaction of its own, together with what is said of it, so that a killed
process loses none and does none twice. Of several processes that take changes each takes others,
and never a later change of a product before an earlier one. A product that a catalogue keeps stays
that catalogue's, whose next reading decides again; any other gets the source `api`, until a
catalogue names it. Rows that are to be read again go by catalogue, see `indexer.rereading`.
"""

from dataclasses import dataclass
from pathlib import Path

import structlog
from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session, aliased

from indexer.outcome import Outcome
from indexer.rereading import read_again
from indexer.rows import Remark, RowRefused, validate_row
from indexer.sources import Record
from indexer.upsert import write_batch
from search.changes import API_SOURCE
from search.db import is_lost_connection, run_transaction, session_scope
from search.models import Product, ProductChange
from search.settings import Settings

TAKEN_AT_ONCE = 500
UNKNOWN = Remark("unknown_product", "No product has this sku; there is nothing to withdraw.")
FAULT = Remark(
    "own_fault",
    "This could not be stored, through a fault of ours; the log says more. Send it again when the "
    "operator has seen to it.",
)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class TakenChanges:
    """What became of the changes that waited."""

    done: int
    refused: int
    product_ids: tuple[int, ...]  # of products that may be other than before


def take_changes(
    database: Engine, settings: Settings, *, limit: int | None = TAKEN_AT_ONCE
) -> TakenChanges:
    """Settle the changes that wait, but for those that another process is settling.

    Args:
        database: The catalogue.
        settings: `root` is where pictures lie that came with a change.
        limit: End after so many, a little more where rows are read again; None: settle all.

    Raises:
        sqlalchemy.exc.OperationalError: the database stayed away.
    """
    done, refused, last_id = 0, 0, 0
    skus: set[str] = set()
    while limit is None or done + refused < limit:
        after = last_id
        taken = run_transaction(database, lambda session: _settle_next(session, settings, after))  # noqa: B023
        if taken is None:
            break
        last_id, outcomes = taken
        refused += sum(outcome.refusal is not None for outcome in outcomes)
        done += sum(outcome.refusal is None for outcome in outcomes)
        skus.update(outcome.sku for outcome in outcomes if outcome.sku is not None)
    if done or refused:
        log.info("changes_taken", done=done, refused=refused)
    return TakenChanges(done, refused, _ids(database, skus))


def _ids(database: Engine, skus: set[str]) -> tuple[int, ...]:
    """Return the products of skus, in order."""
    if not skus:
        return ()
    with session_scope(database) as session:
        known = select(Product.id).where(Product.sku.in_(skus)).order_by(Product.id)
        return tuple(session.scalars(known))


def _settle_next(
    session: Session, settings: Settings, after: int
) -> tuple[int, list[Outcome]] | None:
    """Settle the next change that waits, in the caller's transaction.

    Returns:
        (its number, what became of it, and of others that were settled with it); None where none
        is left.
    """
    change = _next(session, after)
    if change is None:
        return None
    number = change.id
    try:
        with session.begin_nested():
            outcomes = _settle(session, settings, change)
    except Exception as error:
        if is_lost_connection(error):
            raise
        # Refused, or it would stand in the way of all that come after it, for ever.
        log.exception("change_failed", change=number, sku=change.sku)
        outcomes = [Outcome(change, FAULT)]
    for outcome in outcomes:
        _say(outcome)
    return number, outcomes


def _next(session: Session, after: int) -> ProductChange | None:
    """Lock the first change of those that wait whose product has no earlier one waiting."""
    earlier = aliased(ProductChange)
    blocked = (
        select(earlier.id)
        .where(
            earlier.sku == ProductChange.sku,
            earlier.id < ProductChange.id,
            earlier.state == "waiting",
            earlier.sku != "",
        )
        .exists()
    )
    return session.scalar(
        select(ProductChange)
        .where(ProductChange.state == "waiting", ProductChange.id > after, ~blocked)
        .order_by(ProductChange.id)
        .limit(1)
        .with_for_update(skip_locked=True, of=ProductChange)
    )


def _settle(session: Session, settings: Settings, change: ProductChange) -> list[Outcome]:
    if change.action == "put":
        return [_put(session, settings.root, change)]
    if change.action == "delete":
        return [_delete(session, change)]
    return read_again(session, change)


def _put(session: Session, base: Path, change: ProductChange) -> Outcome:
    """Write a product by the rules that hold for a catalogue's rows."""
    values = dict(change.record or {})
    images = values.pop("image", ())
    try:
        row, remarks = validate_row(Record(0, values, tuple(images)), base)
    except RowRefused as refused:
        return Outcome(change, refused.remark)
    kept = select(Product.source).where(Product.sku == row.sku, Product.retired_at.is_(None))
    source = session.scalar(kept) or API_SOURCE
    result = write_batch(session, source, [(0, row)])
    remarks += [remark for _, _, remark in result.remarks]
    changed = result.counts["new"] + result.counts["changed"] > 0
    return Outcome(change, remarks=remarks, sku=row.sku if changed else None)


def _delete(session: Session, change: ProductChange) -> Outcome:
    """Retire a product; one that is retired already stays so."""
    known = session.execute(
        select(Product.id, Product.retired_at).where(Product.sku == change.sku).with_for_update()
    ).one_or_none()
    if known is None:
        return Outcome(change, UNKNOWN)
    if known.retired_at is not None:
        return Outcome(change)
    session.execute(
        update(Product)
        .where(Product.id == known.id)
        .values(retired_at=func.now(), updated_at=func.now())
        .execution_options(synchronize_session=False)
    )
    return Outcome(change, sku=change.sku)


def _say(outcome: Outcome) -> None:
    """Write down what became of a change."""
    change, refusal = outcome.change, outcome.refusal
    change.settled_at = func.clock_timestamp()
    if refusal is not None:
        change.state, change.reason, change.detail = "refused", refusal.reason, refusal.detail
    else:
        change.state = "done"
        change.detail = " ".join(remark.detail for remark in outcome.remarks) or None
