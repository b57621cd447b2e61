"""How things went over time: builds, nights, searches. For charts.

Generations are pruned, so what was measured comes from the reports of their builds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Date, cast, func, select
from sqlalchemy.orm import Session

from search.database.models import SearchEvent
from search.jobs.job_records import JobRecord, list_jobs


@dataclass(frozen=True, slots=True)
class MeasuredBuild:
    """What one build reached."""

    at: datetime
    generation: int
    factory: str
    nprobe: int
    products: int
    vectors: int
    stored_bytes: int
    recall_at_10: float
    recall_at_10_photo: float
    recall_at_10_text: float
    p50_ms: float  # of one search in the index, as measured by the build
    p95_ms: float


@dataclass(frozen=True, slots=True)
class Night:
    """One `reindex`."""

    at: datetime
    job: int
    state: str  # done or failed
    elapsed_s: float


@dataclass(frozen=True, slots=True)
class SearchDay:
    """The searches of one day, in UTC."""

    day: date
    searches: int
    p50_ms: float  # of whole answers, as shoppers got them
    p95_ms: float


@dataclass(frozen=True, slots=True)
class History:
    """All series, oldest first."""

    builds: list[MeasuredBuild]
    nights: list[Night]
    days: list[SearchDay]


def read_history(session: Session, *, runs: int = 90, days: int = 30) -> History:
    """Read the last builds and nights, and the searches of the last days."""
    nights, _ = list_jobs(session, kind="reindex", limit=runs)
    return History(
        builds=measured_builds(session, runs),
        nights=[
            Night(job.started_at, job.id, job.state, job.elapsed_s)
            for job in sorted(nights, key=lambda job: (job.started_at, job.id))
            if job.state != "running"
        ],
        days=search_days(session, days),
    )


def measured_builds(session: Session, runs: int = 90) -> list[MeasuredBuild]:
    """Return what the last builds reached, oldest first."""
    builds, _ = list_jobs(session, kind="build", state="done", limit=runs)
    measured = [found for job in builds if (found := _measured(job)) is not None]
    return sorted(measured, key=lambda build: (build.at, build.generation))


def _measured(job: JobRecord) -> MeasuredBuild | None:
    """Return what a build's report says; None for a report without measurements."""
    if "measured" not in job.report:
        return None
    at = job.finished_at or job.updated_at
    return measured_build(at, job.report["generation"], job.report, job.report["bytes"])


def measured_build(
    at: datetime, generation: int, facts: Mapping[str, Any], stored_bytes: int
) -> MeasuredBuild:
    """Return what a manifest or the report of its build says, which have the same names."""
    measured = facts["measured"]
    return MeasuredBuild(
        at=at,
        generation=generation,
        factory=facts["factory"],
        nprobe=facts["nprobe"],
        products=facts["products"],
        vectors=facts["vectors"],
        stored_bytes=stored_bytes,
        recall_at_10=measured["recall_at_10"],
        recall_at_10_photo=measured["recall_at_10_photo"],
        recall_at_10_text=measured["recall_at_10_text"],
        p50_ms=measured["ann_ms"]["p50"],
        p95_ms=measured["ann_ms"]["p95"],
    )


def search_days(session: Session, days: int) -> list[SearchDay]:
    """Return the days that had searches, of the last so many, oldest first."""
    day = cast(func.timezone("UTC", SearchEvent.created_at), Date)
    elapsed = SearchEvent.elapsed_ms
    rows = session.execute(
        select(
            day,
            func.count(),
            func.percentile_cont(0.5).within_group(elapsed),
            func.percentile_cont(0.95).within_group(elapsed),
        )
        .where(SearchEvent.created_at >= datetime.now(UTC) - timedelta(days=days))
        .group_by(day)
        .order_by(day)
    )
    return [
        SearchDay(when, number, round(p50, 1), round(p95, 1)) for when, number, p50, p95 in rows
    ]
