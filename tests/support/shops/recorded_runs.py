"""Recorded reindex runs, with everything that a report may hold."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from search.database.models import Job
from search.jobs.job_records import fail, finish, start_job

MEASURED = {
    "recall_at_10": 0.982, "recall_at_10_photo": 0.98, "recall_at_10_text": 0.984,
    "ann_ms": {"p50": 0.4, "p95": 1.5}, "exact_ms": {"p50": 0.9, "p95": 2.5},
}  # fmt: skip
BUILD = {
    "factory": "IVF32,PQ64x8np", "nprobe": 17, "products": 1140, "vectors": 1284,
    "bytes": 4_642_576, "measured": MEASURED,
}  # fmt: skip
TRAINING = {"trained_in": "20260101", "vectors": 1284, "drift": 0.03, "why": "It still fits."}
CHECKS = [
    {"name": "recall", "verdict": "passed", "sentence": "Recall at 10 is 0.983.",
     "measured": 0.983, "limit": 0.95},
    {"name": "counts", "verdict": "failed", "sentence": "A third of the products is gone.",
     "measured": 0.34, "limit": 0.2},
]  # fmt: skip
REPORT: dict[str, Any] = {
    "changed": True,
    "generation": 12,
    "seconds": {"publish": 0.5, "ingest": 2.0, "encode": 30.0, "build": 40.0, "inspect": 7.5},
    "cost": {"encode": {"cpu_s": 15.5, "peak_bytes": 773_000_000}},
    "sources": [
        {
            "source": "/data/autumn.csv", "rows": 1190, "new": 30, "changed": 4, "unchanged": 1154,
            "refused": 2, "retired": 7, "returned": 0, "refusals": {"empty_title": 2},
        },
        {
            "source": "/data/lamps.csv", "rows": 10, "new": 10, "changed": 0, "unchanged": 0,
            "refused": 0, "retired": 0, "returned": 0, "refusals": {},
        },
    ],
    "fetch": {
        "asked": 90, "not_modified": 80, "unchanged": 1, "changed": 4, "new": 5, "refused": {},
        "kept": {"http_404": 3}, "put_off": {"pictures.example": 6}, "bytes": 912_000,
        "seconds": 12.5,
    },
    "encode": {
        "job": 7, "total": 46, "encoded": 38, "reused": 2, "worker_ms": 9500,
        "failed": {"missing_file": 1, "truncated": 5}, "images_per_s": 4.4,
    },
    "manifest": {"training": TRAINING},
    "rehearsal": {"generation": 12, "against": 11, "refused": False, "checks": CHECKS[:1]},
    "products": {
        "rows": 1200, "refused": 2, "indexed": 1190, "without_picture": 8, "retired": 7
    },
}  # fmt: skip


def add_night(session: Session, *, error: str | None = None, **changes: object) -> int:
    """Record a run of the last hour; return its job. `changes` update the report."""
    job_id = start_job(session, "reindex", 5)
    report = REPORT | changes
    if error is None:
        finish(session, job_id, report)
    else:
        fail(session, job_id, error, report)
    session.get_one(Job, job_id).started_at = datetime.now(UTC) - timedelta(hours=1)
    session.flush()
    return job_id


def add_build(session: Session, generation: int, **changes: object) -> int:
    """Record the build of a generation; return its job."""
    job_id = start_job(session, "build", 7)
    finish(session, job_id, BUILD | {"generation": generation} | changes)
    return job_id
