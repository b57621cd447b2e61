"""The row of an encode job: made, counted once, ended by whoever sees that nothing is left."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from indexer.claims import count_unencoded
from search.jobs import JobView, fail, finish, read_job, start_job
from search.models import Job, Product, ProductImage
from search.settings import Settings

KIND = "encode"


def start_row(session: Session, settings: Settings) -> int:
    """Record a new job; return its id."""
    report = {"model": settings.model, "encoded": 0, "reused": 0, "failed": {}}
    return start_job(session, KIND, report=report)


def uncount(session: Session, job_id: int) -> int:
    """Make the next worker count anew, and wake up the others."""
    job = session.get_one(Job, job_id, with_for_update=True)
    job.report = {key: value for key, value in (job.report or {}).items() if key != "model_tag"}
    return job_id


def model_wanted(session: Session, job_id: int) -> str | None:
    """Return the FINDALIKE_MODEL that a job was started with; None where the job is over."""
    job = session.get(Job, job_id)
    if job is None or job.state != "running":
        return None
    return str((job.report or {})["model"])


def count_once(session: Session, job_id: int, model_tag: str) -> int | None:
    """Count a job's pictures, once.

    Returns:
        How many are to be encoded: 0 where that was counted before, None where the job is over
        or is for another model, which makes it fail.
    """
    job = session.get(Job, job_id, with_for_update=True)
    if job is None or job.state != "running":
        return None
    report = dict(job.report or {})
    if report.get("model_tag", model_tag) != model_tag:
        fail(
            session,
            job_id,
            f"FINDALIKE_MODEL={report.get('model')} is {report['model_tag']} for one worker and "
            f"{model_tag} for another. Give all the same files, start them again, then run "
            "`findalike encode`.",
        )
        return None
    if "model_tag" in report:
        return 0
    remaining = count_unencoded(session, model_tag)
    job.report = report | {"model_tag": model_tag}
    job.total = job.done + job.failed + remaining
    return remaining


def finish_if_done(session: Session, job_id: int) -> bool:
    """End a job that has nothing left to do; return whether it is over."""
    job = read_job(session, job_id)
    if job.state != "running":
        return True
    tag = job.report.get("model_tag")
    if tag is None or count_unencoded(session, tag):
        return False
    finish(session, job_id, summary(job))
    return True


def summary(job: JobView) -> dict[str, Any]:
    """Return what is added to the report at the end: duration and rate."""
    seconds = (datetime.now(UTC) - job.started_at).total_seconds()
    return {
        "seconds": round(seconds, 2),
        "images_per_s": round(job.processed / seconds, 2) if seconds > 0 else 0.0,
    }


def anything_pending(session: Session) -> bool:
    """Return whether there is a picture that no model has seen: work, whatever the model."""
    query = (
        select(ProductImage.id)
        .join(Product, Product.id == ProductImage.product_id)
        .where(ProductImage.state == "pending", Product.retired_at.is_(None))
    )
    return session.scalars(query.limit(1)).first() is not None


def batches_in_work(session: Session) -> int:
    """Return how many batches are being worked on right now.

    Claims are row locks, which only their rows show; but whoever has taken any holds the table
    lock ROW SHARE until the end of the transaction, and pg_locks shows that.
    """
    query = text(
        "SELECT count(DISTINCT pid) FROM pg_locks WHERE relation = 'product_image'::regclass "
        "AND mode = 'RowShareLock' AND granted AND pid <> pg_backend_pid() "
        "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    return int(session.scalars(query).one())
