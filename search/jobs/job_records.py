"""Jobs: long pieces of work, and how far they are, as rows that any process can read.

Functions take the session of the work itself, so that a step and its count are one commit: a
step that is lost is not counted, and one that is repeated after a crash is counted once. This
module runs nothing and knows no queue.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func
from sqlalchemy.orm import Session

from search.database.models import Job
from search.database.newest_rows import newest_rows
from search.errors import JobFailed
from search.jobs.job_stages import (
    STAGE,
    StageProgress,
    count_steps,
    lasting,
    read_progress,
    samples_of,
)
from search.jobs.work_rate import rate_of


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A job at one moment."""

    id: int
    kind: str  # ingest, encode, build, reindex
    state: str  # running, done, failed
    total: int  # steps that there are; 0 while nobody has counted
    done: int  # steps that ended well
    failed: int  # steps that ended in a recorded refusal
    error: str | None  # why the job as a whole failed
    report: dict[str, Any]
    started_at: datetime
    updated_at: datetime
    finished_at: datetime | None

    @property
    def processed(self) -> int:
        """Steps that are over, well or not."""
        return self.done + self.failed

    @property
    def stage(self) -> str | None:
        """What it does now, or did when it failed; None where its work has no stages."""
        return self.report.get(STAGE)

    @property
    def progress(self) -> StageProgress | None:
        """How far that stage is; None where nobody counts, and where the job is over."""
        return read_progress(self.report) if self.state == "running" else None

    @property
    def reached(self) -> float:
        """Steps that are over, with the part of the present one that is."""
        progress = self.progress
        return self.processed if progress is None else self.processed + progress.share

    @property
    def elapsed_s(self) -> float:
        """Seconds from start to end, or to now."""
        return ((self.finished_at or datetime.now(UTC)) - self.started_at).total_seconds()

    @property
    def rate(self) -> float | None:
        """Steps per second, over the last minute while it runs; None before the first step."""
        samples = samples_of(self.report)
        if self.state == "running" and not self.stage and samples:
            return rate_of(samples, datetime.now(UTC).timestamp())
        return self.processed / self.elapsed_s if self.processed and self.elapsed_s > 0 else None

    @property
    def left_s(self) -> float | None:
        """Seconds until a running job is done, at this rate; None where that can't be said."""
        if self.state != "running" or self.rate is None or not self.total or self.stage:
            return None  # stages are not alike, so nothing follows from those that are over
        return (self.total - self.processed) / self.rate


def start_job(
    session: Session, kind: str, total: int = 0, *, report: Mapping[str, Any] | None = None
) -> int:
    """Record that a job runs; return its id. `report` is what its work needs to be told."""
    job = Job(kind=kind, total=total, report=dict(report or {}))
    session.add(job)
    session.flush()
    return job.id


def advance(
    session: Session,
    job_id: int,
    done: int = 0,
    failed: int = 0,
    *,
    tally: Mapping[str, int] | None = None,
) -> None:
    """Count steps, in the transaction that did them.

    Locks the job's row until the commit, so call it last. `total` grows when there was more
    to do than was counted at the start.

    Args:
        session: The transaction of the work.
        job_id: A job; nothing happens when there is none.
        done: Steps that ended well.
        failed: Steps that ended in a recorded refusal.
        tally: Added to the numbers of the report; `failed.truncated` counts below `failed`.
    """
    job = session.get(Job, job_id, with_for_update=True, populate_existing=True)
    if job is None:
        return
    job.done += done
    job.failed += failed
    job.total = max(job.total, job.done + job.failed)
    job.updated_at = func.now()
    report = add_tally(job.report or {}, tally or {})
    job.report = count_steps(report, job.started_at, job.done + job.failed)
    session.flush()


def add_tally(report: Mapping[str, Any], tally: Mapping[str, int]) -> dict[str, Any]:
    """Return the report with numbers added; a dot in a name opens an inner object."""
    added = dict(report)
    for name, count in tally.items():
        outer, _, inner = name.partition(".")
        if inner:
            added[outer] = add_tally(added.get(outer, {}), {inner: count})
        elif count:
            added[outer] = added.get(outer, 0) + count
    return added


def finish(session: Session, job_id: int, report: Mapping[str, Any] | None = None) -> bool:
    """Record that a running job is done; `report` is merged into what it holds.

    Returns:
        Whether this call ended it: False where it was over already.
    """
    return _end(session, job_id, state="done", error=None, report=report)


def fail(
    session: Session, job_id: int, message: str, report: Mapping[str, Any] | None = None
) -> bool:
    """Record that a running job failed, and why; `report` is what came of it until then.

    Returns:
        Whether this call ended it.
    """
    return _end(session, job_id, state="failed", error=message, report=report)


def _end(
    session: Session,
    job_id: int,
    *,
    state: str,
    error: str | None,
    report: Mapping[str, Any] | None,
) -> bool:
    """End a job once: whoever comes second changes nothing."""
    job = session.get(Job, job_id, with_for_update=True, populate_existing=True)
    if job is None or job.state != "running":
        return False
    job.state, job.error = state, error
    kept = dict(job.report or {}) | dict(report or {})
    job.report = lasting(kept)
    if state == "failed" and STAGE in kept:
        job.report |= {STAGE: kept[STAGE]}
    job.updated_at = job.finished_at = func.now()
    session.flush()
    return True


def read_job(session: Session, job_id: int) -> JobRecord:
    """Return how far a job is, as of now.

    Raises:
        JobFailed: there is no such job.
    """
    job = session.get(Job, job_id, populate_existing=True)
    if job is None:
        raise JobFailed(job_id, "there is no such job; `findalike status` lists them.")
    return _view(job)


def latest_job(session: Session, kind: str, state: str = "") -> JobRecord | None:
    """Return the latest job of a kind, in a state if one is given; None where there is none."""
    found, _ = list_jobs(session, kind=kind, state=state, limit=1)
    return found[0] if found else None


def recent_jobs(session: Session, limit: int = 20) -> list[JobRecord]:
    """Return the latest jobs, newest first."""
    return list_jobs(session, limit=limit)[0]


def list_jobs(
    session: Session, *, kind: str = "", state: str = "", limit: int = 50, offset: int = 0
) -> tuple[list[JobRecord], int]:
    """Return jobs, newest first, and how many there are in all.

    Args:
        session: Open session.
        kind: Only of this kind; empty: of all.
        state: Only in this state.
        limit: At most so many.
        offset: After so many.
    """
    wanted = [Job.kind == kind] if kind else []
    wanted += [Job.state == state] if state else []
    rows, total = newest_rows(session, Job, *wanted, limit=limit, offset=offset)
    return [_view(job) for job in rows], total


def _view(job: Job) -> JobRecord:
    return JobRecord(
        id=job.id,
        kind=job.kind,
        state=job.state,
        total=job.total,
        done=job.done,
        failed=job.failed,
        error=job.error,
        report=dict(job.report or {}),
        started_at=job.started_at,
        updated_at=job.updated_at,
        finished_at=job.finished_at,
    )
