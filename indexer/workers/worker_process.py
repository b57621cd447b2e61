"""One worker process: `python -m indexer.workers.worker_process QUEUES`.

`indexer.queue.worker_supervisor` starts it. Celery's main loop runs in the main thread, and the
task in a pool of one thread, so that signals and the broker are answered during a batch. Nothing is
ever forked: neither CUDA nor OpenMP survives that.
"""

import os
import signal
import socket
import sys
import threading
import warnings
from collections.abc import Sequence

import structlog
from celery.platforms import SecurityWarning
from celery.signals import setup_logging
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from indexer.queue.celery_app import make_app
from indexer.workers.celery_tasks import WorkerState, register_tasks
from search.database.connection import connect_database, open_database
from search.errors import FindalikeError
from search.jobs.queues import QUEUES, WORKER_QUEUES, short_name
from search.jobs.workers import worker_application_name
from search.settings import Settings, load_settings
from search.telemetry.log_lines import configure_logging
from search.telemetry.tracing import configure_tracing

SIGN_OF_LIFE_S = 2.0

log = structlog.get_logger()


class SignOfLife(threading.Thread):
    """Keeps a connection by whose name `worker_connections` finds this worker.

    Its queries also bring the embedded database back after a crash. When the supervisor is gone, it
    lets this process finish its batch and end.
    """

    def __init__(self, settings: Settings, queues: Sequence[str]) -> None:
        super().__init__(name="sign-of-life", daemon=True)
        self._settings, self._queues = settings, queues
        self._parent = os.getppid()
        self._connection: Connection | None = None
        self._stopped = threading.Event()

    def run(self) -> None:
        """Query the database again and again until `stop`."""
        name = worker_application_name(socket.gethostname(), os.getpid(), self._queues)
        database = connect_database(self._settings, application_name=name)
        while not self._stopped.wait(SIGN_OF_LIFE_S if self._connection else 0.1):
            if os.getppid() != self._parent:
                log.warning("supervisor_gone")
                os.kill(os.getpid(), signal.SIGTERM)
                break
            try:
                if self._connection is None:
                    self._connection = database.connect().execution_options(
                        isolation_level="AUTOCOMMIT"
                    )
                self._connection.execute(text("SELECT 1"))
            except (DBAPIError, FindalikeError) as error:
                log.warning("database_lost", error=str(error))
                self._close_connection()
                self._stopped.wait(1.0)
        self._close_connection()
        database.dispose()

    def stop(self) -> None:
        """Close the connection."""
        self._stopped.set()
        self.join(timeout=5)

    def _close_connection(self) -> None:
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
            self._connection = None


def run_worker(settings: Settings, queues: Sequence[str] = WORKER_QUEUES) -> int:
    """Take tasks until SIGTERM; return the exit status.

    Args:
        settings: Database, broker, model and device.
        queues: The queues to serve, by short name: fetch, encode, build.
    """
    database = open_database(settings, application_name="findalike-encode")
    app = make_app(settings, polling=True)
    register_tasks(app, WorkerState(database, settings))
    sign = SignOfLife(settings, queues)
    sign.start()
    # Celery warns of pickled messages, which this application refuses.
    warnings.simplefilter("ignore", SecurityWarning)
    worker = app.Worker(
        queues=[name for name in QUEUES if short_name(name) in queues],
        hostname=f"findalike-{os.getpid()}@{socket.gethostname()}",
        pool="threads",
        concurrency=1,
        loglevel="WARNING",
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    log.info("worker_started", device=settings.device, queues=list(queues))
    try:
        worker.start()
    finally:
        sign.stop()
        database.dispose()
    return int(worker.exitcode or 0)


@setup_logging.connect  # type: ignore[untyped-decorator]
def _keep_logging(**_: object) -> None:
    """Having a receiver keeps Celery from setting up logging of its own."""


if __name__ == "__main__":
    configure_logging()
    try:
        configure_tracing(load_settings(), "findalike-worker")
        sys.exit(run_worker(load_settings(), sys.argv[1].split(",")))
    except FindalikeError as failure:
        log.critical("worker_failed", error=str(failure))
        sys.exit(1)
