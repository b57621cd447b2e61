"""The Celery tasks: thin wrappers of functions that know no queue.

A batch takes the id of a job, does about a minute of work and may run twice. `reindex` may take
hours; a message that is delivered twice runs it once. A picture that can't be used is recorded as
refused. An error of the machine fails the job with the reason, so that whoever follows the job
learns why.
"""

from collections.abc import Callable
from functools import cached_property
from typing import Any

import sqlalchemy
import structlog
from cachetools import LRUCache
from celery import Celery, Task

from indexer.encode_jobs.encode_control import encode_step, reason_of
from indexer.encode_jobs.fetch_step import fetch_step
from indexer.encoding.encode_batch import BatchEncoder
from indexer.fetching.fetch_batch import BatchFetcher
from indexer.pictures.encode_job_row import model_wanted
from indexer.queue.celery_app import ENCODE_BATCH, FETCH_BATCH, REINDEX, sender
from indexer.workers.product_messages import register_product_tasks
from indexer.workers.queued_run import run_queued
from search.database.connection import is_lost_connection, run_transaction, session_scope
from search.encoder import load_encoder
from search.errors import DatabaseUnavailable
from search.jobs.job_records import fail
from search.jobs.run_context import message_of, own_headers
from search.settings import Settings

MODELS_KEPT = 2
"""Encoders that a worker keeps: while a new model is tried, jobs of two models take turns."""

log = structlog.get_logger()


class WorkerState:
    """What a worker process keeps between tasks: encoders, each loaded for its first task."""

    def __init__(self, database: sqlalchemy.Engine, settings: Settings) -> None:
        self.database, self.settings = database, settings
        self._batches: LRUCache[str, BatchEncoder] = LRUCache(MODELS_KEPT)  # by model

    def batches(self, job_id: int) -> BatchEncoder | None:
        """Return the encoder of a job's model, ready to take batches; None where the job is over.

        Raises:
            ModelUnavailable: the job's model can't be loaded here.
        """
        model = run_transaction(self.database, lambda session: model_wanted(session, job_id))
        if model is None:
            return None
        if model not in self._batches:
            while len(self._batches) >= MODELS_KEPT:  # before the next model takes memory
                self._batches.popitem()
            encoder = load_encoder(model, self.settings.device)
            self._batches[model] = BatchEncoder(self.database, self.settings, encoder)
        return self._batches[model]

    @cached_property
    def fetcher(self) -> BatchFetcher:
        """Fetches pictures; it needs no model."""
        return BatchFetcher(self.database, self.settings)


def register_tasks(app: Celery, state: WorkerState) -> None:
    """Make an application able to run the tasks that `indexer.queue.celery_app` can send."""
    register_product_tasks(app, state.database, state.settings)

    @app.task(name=ENCODE_BATCH, bind=True)  # type: ignore[untyped-decorator]
    def encode_batch(task: Task, job_id: int) -> None:
        """Encode one batch of pictures and send the message for the next."""
        headers = own_headers(task.request.headers)
        send = sender(app, job_id, headers)  # with the run's headers, as this message came

        def step() -> None:
            if batches := state.batches(job_id):
                encode_step(batches, job_id, send)

        with message_of(headers, ENCODE_BATCH, job_id):
            run_or_fail_job(state, job_id, step)

    @app.task(name=FETCH_BATCH, bind=True)  # type: ignore[untyped-decorator]
    def fetch_batch(task: Task, job_id: int) -> None:
        """Fetch one batch of pictures and send the message for the next."""
        headers = own_headers(task.request.headers)
        send = sender(app, job_id, headers)
        with message_of(headers, FETCH_BATCH, job_id):
            run_or_fail_job(state, job_id, lambda: fetch_step(state.fetcher, job_id, send))

    @app.task(name=REINDEX, bind=True)  # type: ignore[untyped-decorator]
    def reindex(task: Any) -> None:  # noqa: ANN401  (Celery has no types)
        """Do the nightly run, unless another is at work or an earlier delivery has done it."""
        run_queued(state.database, state.settings, task.request.id)


def run_or_fail_job(state: WorkerState, job_id: int, step: Callable[[], object]) -> None:
    """Run a step of a job; fail the job on an error that repeating can't cure."""
    try:
        step()
    except Exception as error:
        log.exception("task_failed")
        if is_lost_connection(error) or isinstance(error, DatabaseUnavailable):
            return  # the job goes on with the next message
        with session_scope(state.database) as session:
            fail(session, job_id, reason_of(error))
