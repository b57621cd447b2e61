"""Measurements outlive pruned generations; searches are summed by day."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from search.database.models import SearchEvent
from search.jobs.job_records import fail, finish, start_job
from search.operation.run_history import read_history


def report(generation: int, recall: float) -> dict[str, Any]:
    return {
        "generation": generation,
        "factory": "Flat",
        "nprobe": 1,
        "products": 10,
        "vectors": 12,
        "bytes": 4000,
        "measured": {
            "recall_at_10": recall,
            "recall_at_10_photo": recall,
            "recall_at_10_text": 1.0,
            "ann_ms": {"p50": 0.5, "p95": 1.5},
        },
    }


def test_builds_come_from_their_jobs_oldest_first(session: Session) -> None:
    for generation, recall in ((4, 0.96), (5, 0.99)):
        finish(session, start_job(session, "build"), report(generation, recall))
    fail(session, start_job(session, "build"), "the disk is full")
    finish(session, start_job(session, "build"), {"generation": 6})  # nothing was measured

    builds = read_history(session).builds
    assert [(build.generation, build.recall_at_10) for build in builds] == [(4, 0.96), (5, 0.99)]
    assert (builds[0].stored_bytes, builds[0].p50_ms, builds[0].p95_ms) == (4000, 0.5, 1.5)


def test_nights_that_failed_count_and_one_at_work_does_not(session: Session) -> None:
    finish(session, start_job(session, "reindex"))
    fail(session, start_job(session, "reindex"), "no catalogue")
    start_job(session, "reindex")
    assert [night.state for night in read_history(session).nights] == ["done", "failed"]


def test_searches_are_summed_by_day(session: Session) -> None:
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    for days_ago, elapsed_ms in ((0, 10.0), (0, 30.0), (1, 50.0), (40, 9000.0)):
        session.add(
            SearchEvent(
                kind="text", filters={}, page=1, total=0, shown=[], elapsed_ms=elapsed_ms,
                created_at=today - timedelta(days=days_ago),
            )
        )  # fmt: skip
    session.flush()
    days = read_history(session, days=30).days
    assert [(day.day, day.searches, day.p50_ms) for day in days] == [
        ((today - timedelta(days=1)).date(), 1, 50.0),
        (today.date(), 2, 20.0),
    ]
    assert days[1].p95_ms == 29.0
