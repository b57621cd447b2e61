"""Encode jobs: started here, worked on by Celery workers, followed from any process.

The pictures' own rows say what is left. So whichever process first sees that nothing is left ends
the job, and no lost message and no killed process matters. `encode_all` does the same work in this
process, without a queue.
"""

import math
import time
from collections.abc import Callable, Iterator

import sqlalchemy
import structlog
from sqlalchemy import text
from sqlalchemy.orm import Session

from indexer.encode_jobs.fetch_step import fetch_step, resume_fetching
from indexer.encoding.encode_batch import BatchEncoder, EncodeResult
from indexer.fetching.circuit_breaker import Patience
from indexer.fetching.fetch_batch import BatchFetcher
from indexer.pictures.encode_claims import count, count_unencoded, encodable
from indexer.pictures.encode_job_row import (
    KIND,
    batches_in_work,
    count_once,
    finish_if_done,
    is_counted,
    start_row,
    uncount,
)
from indexer.pictures.fetch_progress import asked_so_far, left_to_fetch
from indexer.pictures.orphans import prune_orphan_shards, prune_spool
from indexer.pictures.spool import Spool
from indexer.queue.broker import prepare_broker, waiting_messages
from indexer.queue.celery_app import ENCODE_BATCH, FETCH_BATCH, Send, make_app, sender
from search.database.connection import run_transaction, session_scope
from search.database.models import Job
from search.encoder import Encoder
from search.errors import FindalikeError, JobFailed
from search.index.embedding_store import EmbeddingStore
from search.jobs.job_records import JobRecord, fail, latest_job, read_job
from search.jobs.workers import ConnectedWorker, worker_connections
from search.settings import Settings, load_settings

FAN_OUT = 32  # most messages at a time; each batch sends the next one
POLL_S = 0.25
STALLED_AFTER_S = 10.0
"""A job that has not moved for so long gets its messages again."""
STALLED_WHILE_LOADING_S = 30.0  # the same while the first worker may still load its model
STALLED_AFTER_LOSS_S = 1.0  # the same after a worker is gone, maybe with a message
LONGEST_PAUSE_S = 60.0
GIVE_UP_AFTER = 8  # times that workers were woken up in vain
START_LOCK = 0x65_6E_63_6F_64_65  # advisory lock: one process at a time starts a job

log = structlog.get_logger()


def start_encoding(
    database: sqlalchemy.Engine, settings: Settings, *, model_tag: str | None = None
) -> int:
    """Ask the workers to encode all that the model of the settings has not seen.

    A job that is still marked as running is taken up again. One for another model is ended.

    Args:
        database: Where the pictures are.
        settings: The model, the batch size, the broker.
        model_tag: Tag of the settings' model, where the caller knows it: then a job without work
            ends at once and wakes no worker. None: the first worker counts the work.

    Returns:
        The id of the job; see `follow`.
    """
    prune_orphan_shards(database, EmbeddingStore(settings.root))
    prune_spool(database, Spool(settings.root))
    app = make_app(settings)
    prepare_broker(app, settings)
    with session_scope(database) as session:
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": START_LOCK})
        job = latest_job(session, KIND, "running")
        if job is not None and job.report.get("model") != settings.model:
            fail(session, job.id, f"Given up for a job with FINDALIKE_MODEL={settings.model}.")
            job = None
        job_id = start_row(session, settings) if job is None else uncount(session, job.id)
        if model_tag is not None and not count_unencoded(session, model_tag):
            count_once(session, job_id, model_tag)
        over = finish_if_done(session, job_id)
    if not over:
        send = sender(app, job_id)
        send(ENCODE_BATCH, 1)
        send(FETCH_BATCH, 1)
    return job_id


def _messages(remaining: int, settings: Settings) -> int:
    """Return how many messages wake enough workers for what remains."""
    return min(FAN_OUT, -(-remaining // settings.batch_images))


def encode_step(batches: BatchEncoder, job_id: int, send: Send) -> bool:
    """Do one batch of a job, as a message asks a worker to.

    Args:
        batches: The encoder of this worker.
        job_id: A job; nothing happens when it is over.
        send: Sends further messages for the job.

    Returns:
        Whether there was anything to do.

    Raises:
        sqlalchemy.exc.OperationalError: the database stayed away.
        OSError: the disk refuses.
        PicturesAway: a disk or a share is away.
    """
    tag = batches.encoder.tag
    first, remaining = run_transaction(
        batches.database,
        lambda session: (not is_counted(session, job_id), count_once(session, job_id, tag)),
    )
    if remaining is None:
        return False
    send(ENCODE_BATCH, _messages(remaining, batches.settings) - 1)
    if first:
        send(FETCH_BATCH, 1)  # only now is it known which pictures this model lacks
    result = batches.run(job_id)
    result.log_result(job_id)
    if result.claimed:
        send(ENCODE_BATCH, 1)
    if result.from_spool and _wants_fetching(batches, job_id, result):
        send(FETCH_BATCH, 1)
    if result.claimed < batches.settings.batch_images:
        run_transaction(batches.database, lambda session: finish_if_done(session, job_id))
    return result.claimed > 0


def _wants_fetching(batches: BatchEncoder, job_id: int, result: EncodeResult) -> bool:
    """Return whether a batch made room in a full spool, or missed a file there."""
    resumed = run_transaction(
        batches.database, lambda session: resume_fetching(session, job_id, batches.settings)
    )
    return resumed or result.lost > 0


def reason_of(error: BaseException) -> str:
    """Return what a job says of the error that ended it."""
    return str(error) if isinstance(error, FindalikeError) else f"{type(error).__name__}: {error}"


def follow(
    database: sqlalchemy.Engine, job_id: int, settings: Settings | None = None
) -> Iterator[JobRecord]:
    """Yield how far a job is, several times a second, until it is done.

    Meanwhile messages that were lost, with a killed worker for example, are sent again. A restart
    of the database is waited for.

    Args:
        database: Where the job is.
        job_id: From `start_encoding`.
        settings: As given to `start_encoding`; None: from the environment.

    Raises:
        JobFailed: the job failed, or workers were woken up again and again in vain.
    """
    settings = settings or load_settings()
    reviver = _Reviver(database, settings, job_id)
    while True:
        job = _read_unfailed(database, job_id)
        yield job
        if job.state == "done":
            return
        reviver.look(job)
        time.sleep(POLL_S)


def _read_unfailed(database: sqlalchemy.Engine, job_id: int) -> JobRecord:
    """Return how far a job is; raise JobFailed where it failed."""
    job = run_transaction(database, lambda session: read_job(session, job_id))
    if job.state == "failed":
        raise JobFailed(job_id, job.error or "no reason was recorded")
    return job


class _Reviver:
    """Sees that a job stands still, and sends its messages again."""

    def __init__(self, database: sqlalchemy.Engine, settings: Settings, job_id: int) -> None:
        self._database, self._settings, self._job_id = database, settings, job_id
        self._app = make_app(settings)
        self._progress: tuple[int, int, str | None] | None = None  # at the last look
        self._moved_at = time.monotonic()
        self._pause_s = STALLED_AFTER_S
        self._woken = 0
        self._workers: set[ConnectedWorker] | None = None
        self._listed_at = -math.inf  # when workers were listed last

    def look(self, job: JobRecord) -> None:
        """Compare with the last look; act where nothing has changed for too long."""
        progress = (job.processed, asked_so_far(job.report), job.report.get("model_tag"))
        if progress != self._progress:
            self._progress, self._woken = progress, 0
            self._pause_s = STALLED_AFTER_S if progress[2] is not None else STALLED_WHILE_LOADING_S
            self._moved_at = time.monotonic()
        elif self._lost_a_worker():
            self._pause_s, self._moved_at = STALLED_AFTER_LOSS_S, time.monotonic()
        ready = job.total > 0 and job.processed >= job.total
        if ready or time.monotonic() - self._moved_at > self._pause_s:
            run_transaction(self._database, self._revive)

    def _lost_a_worker(self) -> bool:
        """Return whether a worker is gone since the last list, maybe with a message."""
        if time.monotonic() - self._listed_at < STALLED_AFTER_LOSS_S:
            return False
        found = set(run_transaction(self._database, worker_connections))
        before, self._workers, self._listed_at = self._workers, found, time.monotonic()
        return bool(before and before - found)

    def _revive(self, session: Session) -> None:
        """End the job if nothing is left; else send messages again, unless a batch is in work."""
        if finish_if_done(session, self._job_id):
            return
        if time.monotonic() - self._moved_at <= self._pause_s:
            return
        self._moved_at = time.monotonic()
        if batches_in_work(session) or waiting_messages(self._app):
            return
        job = session.get_one(Job, self._job_id, populate_existing=True)
        if job.state != "running":
            return
        tag = (job.report or {}).get("model_tag")
        if tag is not None and self._woken >= GIVE_UP_AFTER:
            fail(
                session,
                self._job_id,
                "Workers were woken up again and again, and none finished a batch. Their logs say "
                "why they die; then run `findalike encode` again.",
            )
            return
        self._woken += 1
        self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)
        messages = 1 if tag is None else _messages(count(session, encodable(tag)), self._settings)
        log.warning("messages_sent_again", job_id=self._job_id, messages=messages)
        send = sender(self._app, self._job_id)
        send(ENCODE_BATCH, messages)
        send(FETCH_BATCH, min(1, left_to_fetch(session, job)))


def encode_all(
    database: sqlalchemy.Engine,
    settings: Settings,
    encoder: Encoder,
    *,
    progress: Callable[[int, int], None] | None = None,
    patience: Patience | None = None,
) -> JobRecord:
    """Encode everything in this process, without workers; returns the job that it was.

    Args:
        database: Where pictures and embeddings are.
        settings: State root, batch size, limits.
        encoder: The model.
        progress: Called after each batch with what is done and how much there is.
        patience: How often a host of pictures may fail.

    Raises:
        JobFailed: another process ended the job.
        OSError: the disk refuses.
    """
    batches = BatchEncoder(database, settings, encoder)
    prune_orphan_shards(database, batches.store)
    prune_spool(database, batches.spool)
    fetcher = BatchFetcher(database, settings, patience)
    with session_scope(database) as session:
        job_id = start_row(session, settings)
    try:
        while True:
            worked = encode_step(batches, job_id, send_nothing)
            job = _read_unfailed(database, job_id)
            if job.state == "running":
                worked = fetch_step(fetcher, job_id, send_nothing) or worked
                job = _read_unfailed(database, job_id)
            if progress is not None:
                progress(job.processed, job.total)
            if job.state == "done":
                return job
            if not worked:
                time.sleep(POLL_S)  # other workers hold the pictures that are left
    except Exception as error:
        with session_scope(database) as session:
            fail(session, job_id, reason_of(error))
        raise
    finally:
        fetcher.close()


def send_nothing(_task: str, _messages: int) -> None:
    """Send no message: this process does the whole job."""
