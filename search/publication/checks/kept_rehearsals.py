"""Rehearsals that were made: kept as jobs, so that pages and reports show them."""

from typing import Any

import sqlalchemy
from sqlalchemy import select
from sqlalchemy.orm import Session

from search.database.connection import session_scope
from search.database.models import Job
from search.jobs.job_records import fail, finish, start_job
from search.publication.checks.rehearsal_outcome import CHECKS, Rehearsal

JOB = "rehearsal"


def keep_rehearsal(database: sqlalchemy.Engine, rehearsal: Rehearsal, error: str | None) -> int:
    """Record a rehearsal as a job that is over; `error` says why it refused. Return the job."""
    report = rehearsal.as_dict()
    with session_scope(database) as session:
        job_id = start_job(session, JOB, total=len(CHECKS))
        if error is None:
            finish(session, job_id, report)
        else:
            fail(session, job_id, error, report)
    return job_id


def latest_rehearsal(session: Session, generation_id: int) -> dict[str, Any] | None:
    """Return the last rehearsal of a generation, as `Rehearsal.as_dict` wrote it."""
    return session.scalar(
        select(Job.report)
        .where(Job.kind == JOB, Job.report["generation"].as_integer() == generation_id)
        .order_by(Job.id.desc())
        .limit(1)
    )
