"""Reads refused rows of a catalogue again, from the same lines of the same file.

All waiting rows of a catalogue are read in one pass. A row that is good now becomes a product, and
its refusal is deleted. A row that is still bad gets the present reason. The sku tells whether a
line still holds the row that was refused; where it does not, the change is refused. Rows of a
catalogue that is being ingested are left to that ingest, which reads all of them.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import groupby, zip_longest
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from indexer.ingest.catalogue_row import CatalogueRow, Remark, RowRefused, sku_of, validate_row
from indexer.ingest.change_outcome import ChangeOutcome
from indexer.ingest.product_upsert import UpsertResult, write_batch
from indexer.ingest.seen_skus import duplicate_sku
from indexer.ingest.sources import CatalogueSource, RefusedRow, SourceRecord, open_source
from search.database.advisory_locks import is_held
from search.database.models import ProductChange, Quarantine
from search.errors import UnusableCatalogue

READ_AT_ONCE = 500
READ_MEANWHILE = Remark("read_meanwhile", "Its catalogue was read in full meanwhile.")


@dataclass(frozen=True, slots=True)
class _Found:
    """What a line holds now."""

    row: CatalogueRow | None = None  # None: it is refused again
    refusal: Remark | None = None
    remarks: Sequence[Remark] = ()
    same: bool = True  # whether it holds the row that was refused before


def read_again(session: Session, change: ProductChange) -> list[ChangeOutcome]:
    """Read the row of a change again, and with it all waiting rows of its catalogue.

    Args:
        session: The transaction, which has locked the change's row.
        change: With the action `reread`.

    Returns:
        The outcome of each; none where the catalogue is being ingested.
    """
    entry = session.get(Quarantine, change.quarantine_id) if change.quarantine_id else None
    if entry is None:
        return [ChangeOutcome(change, remarks=[READ_MEANWHILE])]
    source = entry.source
    if is_held(session, f"ingest of {source}"):
        return []
    asked = _waiting(session, source)
    try:
        catalogue = _open(source)
        found = _read(catalogue, {entry.line or 0: entry.sku for _, entry in asked})
        found = _without_duplicates(catalogue, found)
    except UnusableCatalogue as error:
        refusal = Remark("unusable_catalogue", str(error))
        return [ChangeOutcome(change, refusal) for change, _ in asked]
    good = [(line, each.row) for line, each in found.items() if each.row is not None]
    found |= _taken(found, write_batch(session, source, good))
    _bring_up_to_date(session, source, found)
    return [_outcome(change, found[entry.line or 0]) for change, entry in asked]


def _waiting(session: Session, source: str) -> list[tuple[ProductChange, Quarantine]]:
    """Lock the rows of a catalogue that wait to be read again."""
    found = session.execute(
        select(ProductChange, Quarantine)
        .join(Quarantine, Quarantine.id == ProductChange.quarantine_id)
        .where(ProductChange.state == "waiting", Quarantine.source == source)
        .order_by(ProductChange.id)
        .limit(READ_AT_ONCE)
        .with_for_update(skip_locked=True, of=ProductChange)
    )
    return [(change, entry) for change, entry in found]


def _open(source: str) -> CatalogueSource:
    """Open a catalogue by its name.

    Raises:
        UnusableCatalogue: its name is not a path, or it can't be read.
    """
    if not Path(source).is_absolute():
        raise UnusableCatalogue(
            f"The catalogue {source} was named by --name, so its file is not known; ingest it "
            "again, which reads all of its rows."
        )
    return open_source(source)


def _read(catalogue: CatalogueSource, wanted: dict[int, str | None]) -> dict[int, _Found]:
    """Return what some lines hold now, in their order.

    Args:
        catalogue: It is read up to the last of the lines.
        wanted: The sku that each line held; None: it is not known.
    """
    records = {
        record.line: record for record in _until(catalogue, max(wanted)) if record.line in wanted
    }
    return {
        line: _judge(catalogue, line, records.get(line), sku)
        for line, sku in sorted(wanted.items())
    }


def _until(catalogue: CatalogueSource, last: int) -> Iterator[SourceRecord | RefusedRow]:
    """Yield the rows up to a line."""
    for record in catalogue.rows():
        if record.line > last:
            return
        yield record


def _judge(
    catalogue: CatalogueSource, line: int, record: SourceRecord | RefusedRow | None, sku: str | None
) -> _Found:
    """Return what a line holds now, and whether that is the row that was refused."""
    if record is None:
        return _another(line, "nothing")
    if isinstance(record, RefusedRow):
        known, found = record.sku, _Found(refusal=Remark(record.reason, record.detail))
    else:
        known = sku_of(record)
        try:
            row, remarks = validate_row(record, catalogue.base)
            found = _Found(row, remarks=remarks)
        except RowRefused as refused:
            found = _Found(refusal=refused.remark)
    if sku and known and known != sku:
        return _another(line, f"the product {known}, not {sku}")
    return found


def _another(line: int, what: str) -> _Found:
    refusal = Remark(
        "catalogue_changed",
        f"The catalogue is another one by now: line {line} holds {what}. The next ingest reads all "
        "of it.",
    )
    return _Found(refusal=refusal, same=False)


def _without_duplicates(catalogue: CatalogueSource, found: dict[int, _Found]) -> dict[int, _Found]:
    """Refuse rows whose sku stands in an earlier good row, which counts."""
    lines = {each.row.sku: line for line, each in reversed(found.items()) if each.row is not None}
    if not lines:
        return found
    first: dict[str, int] = {}
    for record in _until(catalogue, max(lines.values())):
        if (
            isinstance(record, SourceRecord)
            and (sku := sku_of(record)) in lines
            and sku not in first
        ):
            with suppress(RowRefused):
                validate_row(record, catalogue.base)
                first[sku] = record.line
    return {
        line: _Found(refusal=duplicate_sku(first[each.row.sku]))
        if each.row is not None and first.get(each.row.sku, line) < line
        else each
        for line, each in found.items()
    }


def _taken(found: dict[int, _Found], result: UpsertResult) -> dict[int, _Found]:
    """Return the lines whose row was refused or got a remark when it was written."""
    added = {line: _Found(refusal=why) for line, _, why in result.refused}
    for line, _, remark in result.remarks:
        added[line] = replace(found[line], remarks=[*found[line].remarks, remark])
    return added


def _bring_up_to_date(session: Session, source: str, found: dict[int, _Found]) -> None:
    """Replace the reasons in the quarantine by those of the rows as they are now."""
    lines = [line for line, each in found.items() if each.same]
    entries = session.scalars(
        select(Quarantine)
        .where(Quarantine.kind == "row", Quarantine.source == source, Quarantine.line.in_(lines))
        .order_by(Quarantine.line, Quarantine.id)
    )
    for line, old in groupby(entries.all(), key=lambda entry: entry.line or 0):
        now = found[line]
        said = [now.refusal] if now.refusal else list(now.remarks)
        sku = now.row.sku if now.row else None
        for entry, remark in zip_longest(old, said):
            if remark is None:
                session.delete(entry)
                continue
            kept = entry or Quarantine(kind="row", source=source, line=line)
            kept.reason, kept.detail, kept.sku = remark.reason, remark.detail, sku or kept.sku
            session.add(kept)


def _outcome(change: ProductChange, now: _Found) -> ChangeOutcome:
    return ChangeOutcome(change, now.refusal, now.remarks, now.row.sku if now.row else None)
