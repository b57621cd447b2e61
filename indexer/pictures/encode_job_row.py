"""The row of an encode job: added, counted once, and ended by whoever sees that nothing is left."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from indexer.pictures.encode_claims import count, count_unencoded, encodable
from indexer.pictures.fetch_progress import (
    end_fetching,
    hosts_given_up,
    initial_report,
    left_to_fetch,
    nobody_answered,
    note,
)
from search.database.models import Job, Product, ProductImage
from search.jobs.job_records import JobRecord, fail, finish, read_job, start_job
from search.settings import Settings

KIND = "encode"


def start_row(session: Session, settings: Settings) -> int:
    """Record a new job; return its id."""
    report = {"model": settings.model, "encoded": 0, "reused": 0, "failed": {}}
    return start_job(session, KIND, report=report | initial_report(settings))


def uncount(session: Session, job_id: int) -> int:
    """Have the next worker count the pictures anew, and wake the others."""
    job = session.get_one(Job, job_id, with_for_update=True)
    job.report = {key: value for key, value in (job.report or {}).items() if key != "model_tag"}
    note(job, given_up={}, begun=False, paused=False)
    return job_id


def is_counted(session: Session, job_id: int) -> bool:
    """Return whether a worker has counted the pictures of a job."""
    return "model_tag" in read_job(session, job_id).report


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
    note(job, begun=False)  # only now is it known which pictures this model lacks
    job.total = job.done + job.failed + remaining
    return remaining


def finish_if_done(session: Session, job_id: int) -> bool:
    """End a job that has nothing left to do; return whether it is over.

    Pictures of hosts that were given up are put off: they stay as they are, and the job ends. Where
    no host answers at all, the job fails: then the network is at fault.
    """
    # Read without a lock first: most calls find something left.
    job = session.get_one(Job, job_id, populate_existing=True)
    if job.state != "running":
        return True
    tag = (job.report or {}).get("model_tag")
    if tag is None or count(session, encodable(tag)) or left_to_fetch(session, job):
        return False
    job = session.get_one(Job, job_id, with_for_update=True, populate_existing=True)
    if job.state != "running":
        return True
    silent = sorted(hosts_given_up(job)) if nobody_answered(job) else []
    final = end_fetching(session, job)
    if silent:
        fail(session, job_id, _network_away(silent), final)
    else:
        finish(session, job_id, duration_and_rate(read_job(session, job_id)) | final)
    return True


def _network_away(hosts: Sequence[str]) -> str:
    return (
        f"None of {len(hosts)} hosts of pictures can be reached, {hosts[0]} for one. Check this "
        "machine's network, its name service and its proxy; then run this again. No picture was "
        "marked as refused, and what is encoded is kept."
    )


def duration_and_rate(job: JobRecord) -> dict[str, Any]:
    """Return what is added to the report at the end."""
    seconds = (datetime.now(UTC) - job.started_at).total_seconds()
    return {
        "seconds": round(seconds, 2),
        "images_per_s": round(job.processed / seconds, 2) if seconds > 0 else 0.0,
    }


def has_pending_pictures(session: Session) -> bool:
    """Return whether there is a picture that no model has seen, so work whatever the model."""
    query = (
        select(ProductImage.id)
        .join(Product, Product.id == ProductImage.product_id)
        .where(ProductImage.state == "pending", Product.retired_at.is_(None))
    )
    return session.scalars(query.limit(1)).first() is not None


def batches_in_work(session: Session) -> int:
    """Return how many batches are in work at this moment.

    Claims are row locks, which pg_locks does not show. But whoever holds one holds the table lock
    ROW SHARE until the end of the transaction, and pg_locks shows that.
    """
    query = text(
        "SELECT count(DISTINCT pid) FROM pg_locks WHERE relation = 'product_image'::regclass "
        "AND mode = 'RowShareLock' AND granted AND pid <> pg_backend_pid() "
        "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    return int(session.scalars(query).one())
