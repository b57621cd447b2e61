"""Settles changes of single products from the inbox, in the order in which they came.

Several changes and their outcomes are written in one transaction, so that a killed process loses
none and does none twice. Where one of them can't be stored, each is settled by itself. Several
processes may settle at once: each takes other changes, and none takes a later change of a product
before an earlier one. A product that a catalogue keeps stays with that catalogue, whose next ingest
decides again. Any other product gets the source `api` until a catalogue names it. Rows to be read
again are settled by catalogue (`indexer.ingest.quarantine_retry`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from pathlib import Path

import structlog
from sqlalchemy import Engine, and_, func, select, update
from sqlalchemy.orm import Session, aliased

from indexer.ingest.catalogue_row import CatalogueRow, Remark, RowRefused, validate_row
from indexer.ingest.change_outcome import ChangeOutcome
from indexer.ingest.product_upsert import write_batch
from indexer.ingest.quarantine_retry import read_again
from indexer.ingest.sources import SourceRecord
from search.catalogue.change_inbox import API_SOURCE
from search.database.connection import is_lost_connection, run_transaction, session_scope
from search.database.models import Product, ProductChange
from search.settings import Settings

TAKEN_AT_ONCE = 500
PUT_AT_ONCE = 100
"""Products written in one transaction."""
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
    product_ids: tuple[int, ...]  # of products that may have changed


def take_changes(
    database: Engine, settings: Settings, *, limit: int | None = TAKEN_AT_ONCE
) -> TakenChanges:
    """Settle the changes that wait, but for those that another process is settling.

    Args:
        database: The catalogue.
        settings: `root` holds the pictures that were sent with changes.
        limit: Stop after this many, or a few more where rows are read again; None: settle all.

    Raises:
        sqlalchemy.exc.OperationalError: the database can't be reached.
    """
    done, refused = 0, 0
    skus: set[str] = set()
    passed = 0  # up to this change, rows to be read again are passed over: they can't be now
    while limit is None or done + refused < limit:
        at_once = PUT_AT_ONCE if limit is None else min(PUT_AT_ONCE, limit - done - refused)
        work = partial(_settle_next, settings=settings, after=passed, at_once=at_once)
        taken = run_transaction(database, work)
        if taken is None:
            break
        first, outcomes = taken
        if not outcomes:
            passed = first
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
    session: Session, settings: Settings, after: int, at_once: int
) -> tuple[int, list[ChangeOutcome]] | None:
    """Settle the next change that waits, in the caller's transaction, and others with it.

    Args:
        session: The transaction.
        settings: `root` holds the pictures that were sent with changes.
        after: Rows to be read again are passed over up to this change.
        at_once: Products that are written together at most.

    Returns:
        (id of the first change, outcomes of the settled ones). There are no outcomes where the
        first is a row that can't be read now. None: no change is left.
    """
    changes = _next(session, after, at_once)
    if not changes:
        return None
    try:
        outcomes = _settled(session, settings, changes)
    except Exception as error:
        if is_lost_connection(error):
            raise
        outcomes = _one_by_one(session, settings, changes)
    for outcome in outcomes:
        _say(outcome)
    return changes[0].id, outcomes


def _next(session: Session, after: int, at_once: int) -> list[ProductChange]:
    """Lock the next changes, but for those of products with an earlier waiting change.

    Returns:
        Changes that put a product, each product once, or one change of another kind.
    """
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
    passed_over = and_(ProductChange.action == "reread", ProductChange.id <= after)
    found = session.scalars(
        select(ProductChange)
        .where(ProductChange.state == "waiting", ~passed_over, ~blocked)
        .order_by(ProductChange.id)
        .limit(at_once)
        .with_for_update(skip_locked=True, of=ProductChange)
    ).all()
    return list(takewhile(lambda change: change.action == "put", found)) or list(found[:1])


def _settled(
    session: Session, settings: Settings, changes: Sequence[ProductChange]
) -> list[ChangeOutcome]:
    """Settle changes as `_next` returns them: all of them, or none where an error is raised."""
    with session.begin_nested():
        if changes[0].action == "put":
            return _put(session, settings.root, changes)
        if changes[0].action == "delete":
            return [_delete(session, changes[0])]
        return read_again(session, changes[0])


def _one_by_one(
    session: Session, settings: Settings, changes: Sequence[ProductChange]
) -> list[ChangeOutcome]:
    """Settle each by itself. One that can't be settled is refused.

    Otherwise it would hold up all later changes for ever.
    """
    outcomes = []
    for change in changes:
        try:
            outcomes += _settled(session, settings, [change])
        except Exception as error:
            if is_lost_connection(error):
                raise
            log.exception("change_failed", change=change.id, sku=change.sku)
            outcomes.append(ChangeOutcome(change, FAULT))
    return outcomes


def _put(session: Session, base: Path, changes: Sequence[ProductChange]) -> list[ChangeOutcome]:
    """Write products by the rules for a catalogue's rows."""
    outcomes: list[ChangeOutcome] = []
    rows: dict[str, tuple[ProductChange, CatalogueRow, list[Remark]]] = {}
    for change in changes:
        values = dict(change.record or {})
        images = values.pop("image", ())
        try:
            row, remarks = validate_row(SourceRecord(0, values, tuple(images)), base)
        except RowRefused as refusal:
            outcomes.append(ChangeOutcome(change, refusal.remark))
        else:
            rows.setdefault(row.sku, (change, row, list(remarks)))  # a second one waits
    for source, skus in _by_source(session, list(rows)).items():
        result = write_batch(session, source, [(0, rows[sku][1]) for sku in skus])
        refused = {sku: remark for _, sku, remark in result.refused}
        for _, sku, remark in result.remarks:
            rows[sku][2].append(remark)
        for sku in skus:
            change, _, remarks = rows[sku]
            written = sku if sku in result.written else None
            outcomes.append(ChangeOutcome(change, refused.get(sku), remarks, written))
    return outcomes


def _by_source(session: Session, skus: Sequence[str]) -> dict[str, list[str]]:
    """Return skus by the catalogue that keeps their product; `api` where none does."""
    kept = select(Product.sku, Product.source).where(
        Product.sku.in_(skus), Product.retired_at.is_(None)
    )
    known: dict[str, str] = {row.sku: row.source for row in session.execute(kept)}
    found: dict[str, list[str]] = {}
    for sku in skus:
        found.setdefault(known.get(sku, API_SOURCE), []).append(sku)
    return dict(sorted(found.items()))


def _delete(session: Session, change: ProductChange) -> ChangeOutcome:
    """Retire a product. One that is retired already stays so."""
    known = session.execute(
        select(Product.id, Product.retired_at).where(Product.sku == change.sku).with_for_update()
    ).one_or_none()
    if known is None:
        return ChangeOutcome(change, UNKNOWN)
    if known.retired_at is not None:
        return ChangeOutcome(change)
    session.execute(
        update(Product)
        .where(Product.id == known.id)
        .values(retired_at=func.now(), updated_at=func.now())
        .execution_options(synchronize_session=False)
    )
    return ChangeOutcome(change, sku=change.sku)


def _say(outcome: ChangeOutcome) -> None:
    """Record the outcome of a change."""
    change, refusal = outcome.change, outcome.refusal
    change.settled_at = func.clock_timestamp()
    if refusal is not None:
        change.state, change.reason, change.detail = "refused", refusal.reason, refusal.detail
    else:
        change.state = "done"
        change.detail = " ".join(remark.detail for remark in outcome.remarks) or None
