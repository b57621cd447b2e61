"""The Celery application: four queues, late acknowledgement, ids instead of objects.

Single products are to be searchable within a minute, fetching waits for hosts, encoding for cores,
and a build takes long. Each has a queue of its own, so that none blocks another, and a worker is
told which queues to serve.

There is no result backend: job rows say how far work is. The application is made by a function,
because the settings say where the broker is, and making it may start the embedded database.
"""

from collections.abc import Callable, Mapping
from typing import Any

from celery import Celery
from kombu.entity import Queue
from sqlalchemy.pool import NullPool

from indexer.queue.broker import (
    BUILD_QUEUE,
    ENCODE_QUEUE,
    FETCH_QUEUE,
    PRODUCT_QUEUE,
    QUEUES,
    SQL_PREFIX,
    broker_url,
    map_broker_tables,
)
from search.jobs.run_context import run_headers
from search.settings import Settings

PUT_PRODUCT = "findalike.put_product"
DELETE_PRODUCT = "findalike.delete_product"
FETCH_BATCH = "findalike.fetch_batch"
ENCODE_BATCH = "findalike.encode_batch"
REINDEX = "findalike.reindex"
QUEUE_OF = {
    PUT_PRODUCT: PRODUCT_QUEUE,
    DELETE_PRODUCT: PRODUCT_QUEUE,
    FETCH_BATCH: FETCH_QUEUE,
    ENCODE_BATCH: ENCODE_QUEUE,
    REINDEX: BUILD_QUEUE,
}
Send = Callable[[str, int], None]
"""Sends messages of a task for one job: (name of the task, how many)."""
REDELIVER_AFTER_S = 3600
"""Redis delivers a message again if it is not acknowledged by then. That is far longer than a batch
takes. A run may take longer: the worker that gets its message again finds the lock held, see
`indexer.workers.queued_run`."""
RUN_WITHIN_S = 12 * 3600
"""RabbitMQ waits so long for a nightly run to be acknowledged."""


def make_app(settings: Settings, *, polling: bool = False) -> Celery:
    """Return the application, able to send tasks; `indexer.workers.celery_tasks` lets it run them.

    Args:
        settings: Where the broker is.
        polling: Whether this process takes tasks all the time, and so keeps a connection.

    Raises:
        DatabaseUnavailable: the broker is the embedded database, and it can't be started.
    """
    url = broker_url(settings)
    app = Celery("findalike", broker=url, set_as_current=False)
    app.conf.update(
        task_queues=[_queue(name) for name in QUEUES],
        task_routes={task: {"queue": queue} for task, queue in QUEUE_OF.items()},
        task_default_queue=ENCODE_QUEUE,
        task_create_missing_queues=False,
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        result_backend=None,
        # A worker that dies gives its task back where the broker can do that.
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        # A process takes one message at a time and reserves none, for others may be idle.
        worker_prefetch_multiplier=1,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options=transport_options(url, polling=polling),
        # Events and remote control would send messages that nobody reads.
        worker_send_task_events=False,
        worker_enable_remote_control=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        timezone="UTC",
    )
    if url.startswith(SQL_PREFIX):
        map_broker_tables(app.connection_for_write())
    return app


def sender(app: Celery, job_id: int, headers: Mapping[str, str] | None = None) -> Send:
    """Return a function that sends messages for a job.

    Args:
        app: The application that sends.
        job_id: Which job.
        headers: Headers that name the run; None: those of the present work.
    """
    headers = run_headers() if headers is None else headers

    def send(task: str, messages: int) -> None:
        for _ in range(messages):
            app.send_task(task, [job_id], headers=headers)

    return send


def _queue(name: str) -> Queue:
    """Describe a queue; a broker ignores arguments that it does not know."""
    # RabbitMQ closes the connection of a worker that acknowledges later; by default 30 minutes.
    acknowledged_within_ms = 1000 * (RUN_WITHIN_S if name == BUILD_QUEUE else REDELIVER_AFTER_S)
    return Queue(  # type: ignore[no-untyped-call]
        name, queue_arguments={"x-consumer-timeout": acknowledged_within_ms}
    )


def transport_options(url: str, *, polling: bool) -> dict[str, Any]:
    """Return the options of kombu's transport for this broker."""
    if url.startswith(SQL_PREFIX):
        # Passed on to `create_engine`. kombu never disposes of its pool, so only workers get one.
        pool = {"pool_pre_ping": True} if polling else {"poolclass": NullPool}
        name = {"application_name": "findalike-broker", "connect_timeout": 10}
        return {**pool, "connect_args": name}
    if url.startswith("redis"):
        return {"visibility_timeout": REDELIVER_AFTER_S}
    return {"confirm_publish": True}
