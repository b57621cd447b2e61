"""The stages of a job: which one it is at, and how far that is.

Kept in the job's report while it runs, and forgotten when it is done. What is told here is about
the work and not part of it, so it is told in transactions of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func
from sqlalchemy.orm import Session

from search.database.models import Job
from search.jobs.work_rate import Samples, add_sample, rate_of

STAGE = "stage"
"""What the report calls the stage that a job is at."""
PROGRESS = "progress"
"""What it calls how far that is. Like the stage, it is forgotten when the job is done."""


@dataclass(frozen=True, slots=True)
class StageProgress:
    """How far the stage of a running job is."""

    done: int
    total: int | None  # None: nobody knows
    unit: str  # what is counted, such as `pictures`; empty where nothing is
    step: str | None  # what is being done, where steps have names
    rate: float | None  # per second, over the last minute

    @property
    def share(self) -> float:
        """What is done of the whole, 0 to 1; 0 where nobody knows."""
        return min(self.done / self.total, 1.0) if self.total else 0.0

    @property
    def left_s(self) -> float | None:
        """Seconds until the stage is over, at this rate; None where that can't be said."""
        if self.total is None or not self.rate:
            return None
        return max(self.total - self.done, 0) / self.rate


def begin_stage(session: Session, job_id: int, stage: str) -> None:
    """Say which stage a running job is at; how far it is begins anew."""
    job = session.get(Job, job_id, with_for_update=True, populate_existing=True)
    if job is None:
        return
    job.report = lasting(job.report or {}) | {STAGE: stage}
    job.updated_at = func.now()
    session.flush()


def end_stage(session: Session, job_id: int, report: Mapping[str, Any]) -> None:
    """Keep what came of a running job so far; its stage is named until the next begins."""
    job = session.get(Job, job_id, with_for_update=True, populate_existing=True)
    if job is None:
        return
    stage = {STAGE: job.report[STAGE]} if job.report and STAGE in job.report else {}
    job.report = lasting(job.report or {}) | dict(report) | stage
    job.updated_at = func.now()
    session.flush()


def measure_stage(
    session: Session,
    job_id: int,
    done: int,
    total: int | None,
    *,
    unit: str = "",
    step: str | None = None,
) -> None:
    """Say how far the stage of a running job is; nothing happens where it is over.

    Args:
        session: A transaction of its own: this is told about the work, not part of it.
        job_id: A job.
        done: What is done of the stage.
        total: How much there is; None: nobody knows.
        unit: What is counted, such as `pictures`.
        step: What is being done right now, where that has a name.
    """
    job = session.get(Job, job_id, with_for_update=True, populate_existing=True)
    if job is None or job.state != "running":
        return
    report = dict(job.report or {})
    known = samples_of(report) if report.get(PROGRESS, {}).get("unit") == unit else ()
    if known and done < known[-1][1]:  # counted anew, as for the next catalogue
        known = ()
    told = {"done": done, "total": total, "unit": unit, "step": step}
    samples = add_sample(known, datetime.now(UTC).timestamp(), done)
    job.report = report | {PROGRESS: told | {"samples": samples}}
    job.updated_at = func.now()
    session.flush()


def count_steps(report: Mapping[str, Any], started_at: datetime, done: int) -> dict[str, Any]:
    """Return the report of a job with its steps noted, from which its rate follows.

    Not while it is at a stage: then what is done of the stage is noted, by `measure_stage`.
    """
    if STAGE in report:
        return dict(report)
    before = samples_of(report) or [[started_at.timestamp(), 0]]
    samples = add_sample(before, datetime.now(UTC).timestamp(), done)
    return dict(report) | {PROGRESS: {"samples": samples}}


def samples_of(report: Mapping[str, Any]) -> Samples:
    """Return what was done when, of the stage or of the job itself."""
    samples: Samples = report.get(PROGRESS, {}).get("samples", ())
    return samples


def read_progress(report: Mapping[str, Any]) -> StageProgress | None:
    """Return how far the stage of a running job is; None where nobody counts."""
    told = report.get(PROGRESS)
    if STAGE not in report or not told:
        return None
    pace = rate_of(told["samples"], datetime.now(UTC).timestamp())
    return StageProgress(told["done"], told["total"], told["unit"], told["step"], pace)


def lasting(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return what stays of a report when the stage is over."""
    return {name: value for name, value in report.items() if name not in (STAGE, PROGRESS)}
