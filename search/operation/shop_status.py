"""What an operator wants to see at a glance: the catalogue, the index, jobs, workers, disk.

Reads only; `findalike status` and the operator pages show it.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from search.catalogue.change_inbox import Waiting, waiting_changes
from search.database.connection import server_version, session_scope
from search.database.models import Embedding, Product, ProductImage, Quarantine
from search.database.schema import schema_revision
from search.jobs.job_records import JobRecord, latest_job, list_jobs, recent_jobs
from search.jobs.queues import queue_lengths
from search.jobs.workers import ConnectedWorker, worker_connections
from search.live.live_pointer import live_row
from search.operation.delta_freshness import Freshness, read_freshness
from search.operation.disk_use import DiskUse, disk_use
from search.operation.run_schedule import ScheduleState, read_schedule
from search.settings import Settings

MOST_RUNNING = 20
"""Killed jobs may say for ever that they run, so what is read has an end."""


@dataclass(frozen=True, slots=True)
class LiveIndex:
    """The published generation."""

    id: int
    model_tag: str
    directory: str
    published_at: datetime | None
    manifest: dict[str, Any]

    @property
    def recall_at_10(self) -> float | None:
        """Recall against exact search, as its build measured it."""
        measured: dict[str, float] = self.manifest.get("measured") or {}
        return measured.get("recall_at_10")

    @property
    def stored_bytes(self) -> int:
        """Size of its files."""
        return sum(file["bytes"] for file in self.manifest.get("files", {}).values())


@dataclass(frozen=True, slots=True)
class Status:
    """Everything at one moment."""

    home: Path
    postgres_version: str
    schema_revision: str | None
    live: LiveIndex | None
    products: int  # in the catalogue now
    retired_products: int  # were in it once
    images: dict[str, int]  # by state
    embeddings: dict[str, int]  # by model tag
    quarantine: dict[str, int]  # by reason, most frequent first
    jobs: list[JobRecord]  # newest first
    running: list[JobRecord]  # all that run now, newest first
    last_reindex: JobRecord | None  # the last that is over
    last_success: JobRecord | None  # the last reindex that went well
    schedule: ScheduleState | None  # None: nothing is scheduled
    freshness: Freshness
    workers: list[ConnectedWorker]
    queues: dict[str, int] | None  # tasks that wait, by queue; None: the broker does not answer
    changes: Waiting  # of single products
    disk: DiskUse

    @property
    def queued_tasks(self) -> int | None:
        """Tasks that wait in all queues together."""
        return None if self.queues is None else sum(self.queues.values())


def read_status(
    database: Engine, settings: Settings, *, jobs: int = 8, disk: DiskUse | None = None
) -> Status:
    """Gather the status.

    Args:
        database: The catalogue.
        settings: State root, broker, schedule.
        jobs: How many of the latest.
        disk: Where it was measured already; None: measured here.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: the database does not answer.
    """
    with session_scope(database) as session:
        retired = Product.retired_at.is_not(None)
        return Status(
            home=settings.root,
            postgres_version=server_version(session),
            schema_revision=schema_revision(database),
            live=read_live(session),
            products=session.scalar(select(func.count()).where(~retired)) or 0,
            retired_products=session.scalar(select(func.count()).where(retired)) or 0,
            images=_counts(session, ProductImage.state),
            embeddings=_counts(session, Embedding.model_tag),
            quarantine=_counts(session, Quarantine.reason),
            jobs=recent_jobs(session, jobs),
            running=list_jobs(session, state="running", limit=MOST_RUNNING)[0],
            last_reindex=last_over(session, "reindex"),
            last_success=latest_job(session, "reindex", "done"),
            schedule=read_schedule(session, settings),
            freshness=read_freshness(session),
            workers=worker_connections(session),
            queues=queue_lengths(session, settings),
            changes=waiting_changes(session),
            disk=disk or disk_use(settings.root),
        )


def read_live(session: Session) -> LiveIndex | None:
    """Return the published generation, None where there is none yet."""
    found = live_row(session)
    if found is None:
        return None
    return LiveIndex(
        found.id, found.model_tag, found.directory, found.published_at, found.manifest or {}
    )


def last_over(session: Session, kind: str) -> JobRecord | None:
    """Return the last job of a kind that does not run any more."""
    over = [latest_job(session, kind, state) for state in ("done", "failed")]
    return max((job for job in over if job is not None), key=lambda job: job.id, default=None)


def _counts(session: Session, column: Any) -> dict[str, int]:  # noqa: ANN401  (any mapped column)
    """Count rows by the values of a column, most frequent first."""
    total = func.count()
    rows = session.execute(select(column, total).group_by(column).order_by(total.desc(), column))
    return {str(value): int(number) for value, number in rows}
