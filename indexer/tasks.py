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
from celery import Celery

from indexer.batch import BatchEncoder
from indexer.celery_app import ENCODE_BATCH, REINDEX
from indexer.encode import encode_step
from indexer.product_messages import register_product_tasks
from indexer.queued_run import run_queued
from search.db import is_lost_connection, session_scope
from search.encoder import load_encoder
from search.errors import DatabaseUnavailable
from search.jobs import fail
from search.settings import Settings

log = structlog.get_logger()


class WorkerState:
    """What a worker process keeps between tasks: one encoder, loaded for the first task."""

    def __init__(self, database: sqlalchemy.Engine, settings: Settings) -> None:
        self.database, self.settings = database, settings

    @cached_property
    def batches(self) -> BatchEncoder:
        """The encoder, ready to take batches.

        Raises:
            ModelUnavailable: the model can't be loaded.
        """
        encoder = load_encoder(self.settings.model, self.settings.device)
        return BatchEncoder(self.database, self.settings, encoder)


def register_tasks(app: Celery, state: WorkerState) -> None:
    """Make an application able to run the tasks that `indexer.celery_app` can send."""
    register_product_tasks(app, state.database, state.settings)

    @app.task(name=ENCODE_BATCH)  # type: ignore[untyped-decorator]
    def encode_batch(job_id: int) -> None:
        """Encode one batch of pictures and ask for the next."""

        def send(messages: int) -> None:
            for _ in range(messages):
                app.send_task(ENCODE_BATCH, [job_id])

        run_or_fail_job(state, job_id, lambda: encode_step(state.batches, job_id, send))

    @app.task(name=REINDEX, bind=True)  # type: ignore[untyped-decorator]
    def reindex(task: Any) -> None:  # noqa: ANN401  (Celery has no types)
        """Do the whole nightly run, if nobody is at it and no earlier delivery has done it."""
        run_queued(state.database, state.settings, task.request.id)


def run_or_fail_job(state: WorkerState, job_id: int, step: Callable[[], object]) -> None:
    """Run a step of a job; an error that repeating can't cure ends the job."""
    try:
        step()
    except Exception as error:
        log.exception("task_failed", job_id=job_id)
        if is_lost_connection(error) or isinstance(error, DatabaseUnavailable):
            return  # the job goes on with the next message
        with session_scope(state.database) as session:
            fail(session, job_id, f"{type(error).__name__}: {error}")
