"""The Celery tasks: thin wraps of functions that know no queue.

A batch takes ids, does about a minute of work, and may run twice; `reindex` may take hours, and a
message that is delivered twice runs it once. What a picture can't survive is
recorded with the picture; what the machine can't, fails the job with the reason, so that whoever
follows it learns why.
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
from indexer.runs.run_context import message_of, own_headers
from indexer.workers.product_messages import register_product_tasks
from indexer.workers.queued_run import run_queued
from search.database.connection import is_lost_connection, run_transaction, session_scope
from search.encoder import load_encoder
from search.errors import DatabaseUnavailable
from search.jobs.job_records import fail
from search.settings import Settings

MODELS_KEPT = 2
"""Encoders that a worker keeps: while a new model is tried, jobs of two take turns."""

log = structlog.get_logger()


class WorkerState:
    """What a worker process keeps between tasks: encoders, each loaded for its first task."""

    def __init__(self, database: sqlalchemy.Engine, settings: Settings) -> None:
        self.database, self.settings = database, settings
        self._batches: LRUCache[str, BatchEncoder] = LRUCache(MODELS_KEPT)  # by model

    def batches(self, job_id: int) -> BatchEncoder | None:
        """Return the encoder that a job asks for, ready to take batches; None: the job is over.

        Raises:
            ModelUnavailable: the job's model can't be loaded here.
        """
        model = run_transaction(self.database, lambda session: model_wanted(session, job_id))
        if model is None:
            return None
        if model not in self._batches:
            while len(self._batches) >= MODELS_KEPT:  # gone before the next takes its memory
                self._batches.popitem()
            encoder = load_encoder(model, self.settings.device)
            self._batches[model] = BatchEncoder(self.database, self.settings, encoder)
        return self._batches[model]

    @cached_property
    def fetcher(self) -> BatchFetcher:
        """What asks hosts for pictures; it needs no model."""
        return BatchFetcher(self.database, self.settings)


def register_tasks(app: Celery, state: WorkerState) -> None:
    """Make an application able to run the tasks that `indexer.queue.celery_app` can send."""
    register_product_tasks(app, state.database, state.settings)

    @app.task(name=ENCODE_BATCH, bind=True)  # type: ignore[untyped-decorator]
    def encode_batch(task: Task, job_id: int) -> None:
        """Encode one batch of pictures and ask for the next."""
        headers = own_headers(task.request.headers)
        send = sender(app, job_id, headers)  # as this one was: of the run, not of this batch

        def step() -> None:
            if batches := state.batches(job_id):
                encode_step(batches, job_id, send)

        with message_of(headers, ENCODE_BATCH, job_id):
            run_or_fail_job(state, job_id, step)

    @app.task(name=FETCH_BATCH, bind=True)  # type: ignore[untyped-decorator]
    def fetch_batch(task: Task, job_id: int) -> None:
        """Fetch one batch of pictures and ask for the next."""
        headers = own_headers(task.request.headers)
        send = sender(app, job_id, headers)
        with message_of(headers, FETCH_BATCH, job_id):
            run_or_fail_job(state, job_id, lambda: fetch_step(state.fetcher, job_id, send))

    @app.task(name=REINDEX, bind=True)  # type: ignore[untyped-decorator]
    def reindex(task: Any) -> None:  # noqa: ANN401  (Celery has no types)
        """Do the whole nightly run, if nobody is at it and no earlier delivery has done it."""
        run_queued(state.database, state.settings, task.request.id)


def run_or_fail_job(state: WorkerState, job_id: int, step: Callable[[], object]) -> None:
    """Run a step of a job; an error that repeating can't cure ends the job."""
    try:
        step()
    except Exception as error:
        log.exception("task_failed")
        if is_lost_connection(error) or isinstance(error, DatabaseUnavailable):
            return  # the job goes on with the next message
        with session_scope(state.database) as session:
            fail(session, job_id, reason_of(error))
