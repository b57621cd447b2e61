"""Changes of single products, settled in the order in which they came.

Some are settled in one transaction, together with what is said of them, so that a killed process
loses none and does none twice; where one of them can't be stored, each is settled by itself. Of
several processes that take changes each takes others, and never a later change of a product before
an earlier one. A product that a catalogue keeps stays that catalogue's, whose next reading decides
again; any other gets the source `api`, until a catalogue names it. Rows that are to be read again
go by catalogue, see `indexer.ingest.quarantine_retry`.
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
"""Products that are written in one transaction."""
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
    done, refused = 0, 0
    skus: set[str] = set()
    passed = 0  # the last row that is to be read again, but not now
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
        settings: `root` is where pictures lie that came with a change.
        after: Rows that are to be read again are passed over up to this change.
        at_once: At most so many products are written together.

    Returns:
        (the number of the first, what became of those that were settled: of none where it is a row
        that can't be read now); None where no change is left.
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
    """Lock the first changes of those that wait whose products have no earlier one waiting.

    Returns:
        Products to be written, each once, or one change of another kind.
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
    """Settle changes as `_next` returns them; all, or none and the error is raised."""
    with session.begin_nested():
        if changes[0].action == "put":
            return _put(session, settings.root, changes)
        if changes[0].action == "delete":
            return [_delete(session, changes[0])]
        return read_again(session, changes[0])


def _one_by_one(
    session: Session, settings: Settings, changes: Sequence[ProductChange]
) -> list[ChangeOutcome]:
    """Settle each by itself; one that can't be is refused.

    Else it would stand in the way of all that come after it, for ever.
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
    """Write products by the rules that hold for a catalogue's rows."""
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
            rows.setdefault(row.sku, (change, row, list(remarks)))  # a second one is next
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
    """Return skus by the catalogue that keeps their product; those that none keeps by `api`."""
    kept = select(Product.sku, Product.source).where(
        Product.sku.in_(skus), Product.retired_at.is_(None)
    )
    known: dict[str, str] = {row.sku: row.source for row in session.execute(kept)}
    found: dict[str, list[str]] = {}
    for sku in skus:
        found.setdefault(known.get(sku, API_SOURCE), []).append(sku)
    return dict(sorted(found.items()))


def _delete(session: Session, change: ProductChange) -> ChangeOutcome:
    """Retire a product; one that is retired already stays so."""
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
    """Write down what became of a change."""
    change, refusal = outcome.change, outcome.refusal
    change.settled_at = func.clock_timestamp()
    if refusal is not None:
        change.state, change.reason, change.detail = "refused", refusal.reason, refusal.detail
    else:
        change.state = "done"
        change.detail = " ".join(remark.detail for remark in outcome.remarks) or None
