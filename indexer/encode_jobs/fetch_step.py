"""One batch of fetching, as a message asks a worker to, and the messages that follow it."""

import time

from sqlalchemy.orm import Session

from indexer.fetching.fetch_batch import BatchFetcher, batch_pictures
from indexer.pictures.encode_job_row import finish_if_done
from indexer.pictures.fetch_progress import fetched_ahead, left_to_fetch, note, noted
from indexer.queue.celery_app import ENCODE_BATCH, FETCH_BATCH, Send
from search.database.connection import run_transaction
from search.database.models import Job
from search.settings import Settings

FAN_OUT = 16  # most messages at a time; each batch sends the next one


def fetch_step(batches: BatchFetcher, job_id: int, send: Send) -> bool:
    """Do one batch of a job, as a message asks a worker to.

    Where enough fetched pictures wait to be encoded, nothing is done; a batch of encoding resumes
    fetching. Where only hosts are left that failed lately, it waits until one may be tried again.

    Args:
        batches: The fetcher of this worker.
        job_id: A job; nothing happens when it is over.
        send: Sends messages for the job.

    Returns:
        Whether there was anything to do.

    Raises:
        sqlalchemy.exc.OperationalError: the database stayed away.
        OSError: the disk refuses the spool.
    """
    messages = run_transaction(
        batches.database, lambda session: _begin(session, job_id, batches.settings)
    )
    if messages is None:
        return False
    send(FETCH_BATCH, messages)
    result = batches.run(job_id)
    if result.claimed:
        result.log_result(job_id)
        send(ENCODE_BATCH, -(-result.fetched // batches.settings.batch_images))
        send(FETCH_BATCH, 1)
        return True
    wait_s = batches.breakers.next_trial_s()
    if wait_s is not None:
        time.sleep(wait_s)
        send(FETCH_BATCH, 1)
        return True
    run_transaction(batches.database, lambda session: finish_if_done(session, job_id))
    return False


def resume_fetching(session: Session, job_id: int, settings: Settings) -> bool:
    """Mark paused fetching as resumed; return whether a message must be sent for that."""
    job = session.get(Job, job_id, with_for_update=True, populate_existing=True)
    if job is None or job.state != "running" or not noted(job, "paused"):
        return False
    if fetched_ahead(session, job) >= settings.fetch_ahead:
        return False
    note(job, paused=False)
    return True


def _begin(session: Session, job_id: int, settings: Settings) -> int | None:
    """Read a job before a batch, under its row's lock.

    Returns:
        How many further messages to send, 0 but for the first batch; None where there is nothing to
        do now.
    """
    job = session.get(Job, job_id, with_for_update=True, populate_existing=True)
    if job is None or job.state != "running":
        return None
    if fetched_ahead(session, job) >= settings.fetch_ahead:
        note(job, paused=True)
        return None
    if noted(job, "begun"):
        return 0
    note(job, begun=True)
    batches = -(-left_to_fetch(session, job) // batch_pictures(settings))
    return max(0, min(FAN_OUT, batches) - 1)
