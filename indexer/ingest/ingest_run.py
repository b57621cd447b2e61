"""Ingests a catalogue: writes its products, their pictures' addresses, and its refused rows.

Rows are validated and written 500 at a time, each batch in its own transaction. A row that says
nothing new causes no write. So to repeat an ingest is cheap, and an interrupted one is simply run
again. A refused row leaves its product as it was. Products that the catalogue no longer names are
retired, unless they are too many at once. Two ingests of one catalogue never run at the same time.
No picture is opened.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, astuple
from itertools import islice
from pathlib import Path

import structlog
from sqlalchemy import Engine, delete, func, insert, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_fixed

from indexer.ingest.catalogue_row import CatalogueRow, Remark, RowRefused, validate_row
from indexer.ingest.ingest_report import IngestReport
from indexer.ingest.product_upsert import UpsertResult, write_batch
from indexer.ingest.seen_skus import SeenSkus, duplicate_sku
from indexer.ingest.settle_changes import take_changes
from indexer.ingest.sources import CatalogueSource, RefusedRow, SourceRecord, open_source
from search.database.advisory_locks import exclusively
from search.database.connection import is_lost_connection, session_scope
from search.database.models import Quarantine
from search.errors import CatalogueShrunk, DatabaseUnavailable
from search.jobs.job_records import advance, fail, finish, start_job
from search.settings import Settings

BATCH_ROWS = 500
ATTEMPTS = 3  # after a lost database connection

Progress = Callable[[int, int | None], None]
"""Called with the number of rows done and, where it is known, of all rows."""

log = structlog.get_logger()


def ingest(
    database: Engine,
    source: Path | str | CatalogueSource,
    settings: Settings,
    *,
    mapping: Mapping[str, str] | None = None,
    retire: bool = True,
    allow_shrink: bool = False,
    progress: Progress | None = None,
) -> IngestReport:
    """Read a catalogue into the database.

    Args:
        database: The one to write to.
        source: A CSV, JSON Lines or Parquet file, a folder that holds one called `catalogue.*`,
            a folder of pictures, or an opened source (`indexer.ingest.sources.open_source`).
        settings: `shrink_limit` is the share of products that may be retired at once.
        mapping: Column of each field whose column has an unknown name. An opened source has its
            own.
        retire: Whether products that the catalogue no longer names are retired.
        allow_shrink: Retire them however many they are.
        progress: Called after each batch.

    Raises:
        UnusableCatalogue: the source can't be read. Nothing is retired.
        CatalogueShrunk: too many products are gone. The rows are ingested, nothing is retired.
        AlreadyRunning: another ingest of this catalogue runs.
        DatabaseUnavailable: the connection was lost, and again in each further attempt.
    """
    catalogue = open_source(source, mapping) if isinstance(source, Path | str) else source
    shrink_limit = 1.0 if allow_shrink else settings.shrink_limit
    retrying = Retrying(
        retry=retry_if_exception(is_lost_connection),
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_fixed(1),
        reraise=True,
    )

    def attempt() -> IngestReport:
        take_changes(database, settings, limit=None)  # they are older than the catalogue
        return _Ingest(database, catalogue, progress).run(shrink_limit if retire else None)

    try:
        return retrying(attempt)
    except OperationalError as error:
        raise DatabaseUnavailable(
            f"The database went away during the ingest ({error.orig}). What was ingested so far "
            "is kept; run `findalike status`, then the same ingest again."
        ) from error


class _Ingest:
    """One pass over a catalogue."""

    def __init__(
        self, database: Engine, catalogue: CatalogueSource, progress: Progress | None
    ) -> None:
        self._database, self._catalogue, self._name = database, catalogue, catalogue.name
        self._progress = progress or (lambda _done, _total: None)
        self._counts: Counter[str] = Counter()
        self._refusals: Counter[str] = Counter()
        self._remarks: Counter[str] = Counter()
        self._started = time.monotonic()

    def run(self, shrink_limit: float | None) -> IngestReport:
        """Ingest under the catalogue's lock, recorded as a job. With None nothing is retired."""
        with (
            exclusively(self._database, f"ingest of {self._name}"),
            self._database.connect() as connection,
            Session(connection, expire_on_commit=False) as session,
            _dropping_seen(session),
        ):
            total = self._catalogue.estimated_rows()
            job_id = start_job(session, "ingest", total or 0, report={"source": self._name})
            session.commit()
            try:
                self._read(session, job_id, total)
                self._retire(session, shrink_limit)
            except BaseException as error:
                session.rollback()
                with session_scope(self._database) as other:
                    fail(other, job_id, str(error) or type(error).__name__)
                raise
            report = self._report()
            finish(session, job_id, report.as_dict())
            session.commit()
        log.info("catalogue_ingested", **{k: v for k, v in report.as_dict().items() if v})
        return report

    def _read(self, session: Session, job_id: int, total: int | None) -> None:
        """Write batch after batch. Then delete from the quarantine what earlier ingests refused."""
        latest = session.scalar(select(func.max(Quarantine.id))) or 0
        seen = self._seen = SeenSkus(session)
        session.commit()
        rows = iter(self._catalogue.rows())
        self._progress(0, total)
        while batch := list(islice(rows, BATCH_ROWS)):
            refused = self._write(session, seen, batch)
            advance(session, job_id, done=len(batch) - refused, failed=refused)
            session.commit()
            self._counts["rows"] += len(batch)
            self._progress(
                self._counts["rows"], max(total, self._counts["rows"]) if total else None
            )
        self._progress(self._counts["rows"], self._counts["rows"])
        session.execute(
            delete(Quarantine).where(
                Quarantine.kind == "row",
                Quarantine.source == self._name,
                Quarantine.id <= latest,
            )
        )
        session.commit()

    def _write(
        self, session: Session, seen: SeenSkus, batch: Sequence[SourceRecord | RefusedRow]
    ) -> int:
        """Write one batch and its quarantine. Return how many rows were refused."""
        refused: list[RefusedRow] = []
        remarks: list[RefusedRow] = []
        rows = self._validate(batch, refused, remarks)
        duplicates = seen.take(session, {row.sku: line for line, row in rows}) if rows else {}
        for line, row in rows:
            if row.sku in duplicates:
                refused.append(_duplicate(line, row.sku, duplicates[row.sku]))
        result = write_batch(
            session, self._name, [(line, row) for line, row in rows if row.sku not in duplicates]
        )
        refused += _as_refused(result.refused)
        taken = {row.sku for _, row in rows}
        seen.refuse(session, {r.sku: r.line for r in refused if r.sku and r.sku not in taken})
        remarks += _as_refused(result.remarks)
        remarks = [remark for remark in remarks if remark.sku not in duplicates]
        self._quarantine(session, [*refused, *remarks])
        self._count(result, refused, remarks)
        return len(refused)

    def _validate(
        self,
        batch: Sequence[SourceRecord | RefusedRow],
        refused: list[RefusedRow],
        remarks: list[RefusedRow],
    ) -> list[tuple[int, CatalogueRow]]:
        """Return the batch's usable rows, each sku once. Add the others to `refused`."""
        rows: dict[str, tuple[int, CatalogueRow]] = {}
        for record in batch:
            if isinstance(record, RefusedRow):
                refused.append(record)
                continue
            try:
                row, odd = validate_row(record, self._catalogue.base)
            except RowRefused as refusal:
                why = refusal.remark
                refused.append(RefusedRow(record.line, refusal.sku, why.reason, why.detail))
                continue
            if row.sku in rows:
                refused.append(_duplicate(record.line, row.sku, rows[row.sku][0]))
                continue
            rows[row.sku] = (record.line, row)
            remarks += _as_refused((record.line, row.sku, remark) for remark in odd)
        return list(rows.values())

    def _quarantine(self, session: Session, rows: Sequence[RefusedRow]) -> None:
        """Record refused rows and remarks."""
        if rows:
            session.execute(
                insert(Quarantine).values(
                    [
                        {"kind": "row", "source": self._name} | asdict(row)
                        for row in sorted(rows, key=lambda row: row.line)
                    ]
                )
            )

    def _count(
        self, result: UpsertResult, refused: Sequence[RefusedRow], remarks: Sequence[RefusedRow]
    ) -> None:
        self._counts += result.counts
        self._counts["refused"] += len(refused)
        self._refusals.update(row.reason for row in refused)
        self._remarks.update(row.reason for row in remarks)

    def _retire(self, session: Session, shrink_limit: float | None) -> None:
        """Retire products that are gone. The catalogue has been read to its end."""
        if shrink_limit is None:
            return
        gone, before = self._seen.retire_others(session, self._name, at_most=shrink_limit)
        if gone > shrink_limit * before:
            raise CatalogueShrunk(self._name, gone, before)
        session.commit()
        self._counts["retired"] = gone

    def _report(self) -> IngestReport:
        names = (
            "rows new changed unchanged refused retired returned images_new images_changed "
            "images_retried images_removed"
        )
        return IngestReport(
            source=self._name,
            elapsed_s=round(time.monotonic() - self._started, 3),
            refusals=dict(self._refusals.most_common()),
            remarks=dict(self._remarks.most_common()),
            **{name: self._counts[name] for name in names.split()},
        )


def _duplicate(line: int, sku: str, first: int) -> RefusedRow:
    return RefusedRow(line, sku, *astuple(duplicate_sku(first)))


def _as_refused(found: Iterable[tuple[int, str, Remark]]) -> Iterator[RefusedRow]:
    """Turn (line, sku, remark) into rows of the quarantine."""
    for line, sku, remark in found:
        yield RefusedRow(line, sku, remark.reason, remark.detail)


@contextmanager
def _dropping_seen(session: Session) -> Iterator[None]:
    """Drop the temporary table, which the pooled connection would keep. A lost one keeps none."""
    try:
        yield
    finally:
        with suppress(OperationalError):
            session.rollback()
            session.execute(text("DROP TABLE IF EXISTS pg_temp.seen_sku"))
            session.commit()
