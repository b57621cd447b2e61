"""Asks a build worker for a `reindex`, by one message in the queue `build`.

`findalike reindex --queued` and the scheduler ask; `indexer.workers.queued_run` answers. Whoever
asks does not wait: what came of it stands in the job row, the log and the alarm.
"""

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from celery import Celery
from kombu.exceptions import OperationalError

from indexer.queue.broker import BrokerUnavailable, broker_url, prepare_broker
from indexer.queue.celery_app import REINDEX, make_app
from search.files.atomic_files import write_durably
from search.settings import Settings

ASKED_FOR = Path("schedule", "asked-for")
"""Below FINDALIKE_HOME: the time of the schedule for which a run was asked last."""


def request_run(settings: Settings, *, expires_after_s: float | None = None) -> str:
    """Put a message that asks for a run into the queue `build`; return its id.

    Args:
        settings: Where the broker is.
        expires_after_s: Seconds after which no worker answers the message; None: one always does.

    Raises:
        BrokerUnavailable: Redis or RabbitMQ does not answer.
        DatabaseUnavailable: the broker is the embedded database, and it can't be started.
    """
    app: Celery = make_app(settings)
    prepare_broker(app, settings)
    try:
        # A connection of its own: a scheduler that lives for months keeps none between nights.
        with app.connection_for_write() as broker:
            return str(app.send_task(REINDEX, connection=broker, expires=expires_after_s).id)
    except (OperationalError, OSError) as error:
        raise BrokerUnavailable(broker_url(settings).partition(":")[0], str(error)) from error


def was_requested(home: Path, due_at: datetime) -> bool:
    """Return whether a run was asked for at a time of the schedule, by any process of this home.

    A time that has not come yet was written before the clock was set back. It says nothing.
    """
    with suppress(OSError, ValueError):
        asked_for = datetime.fromisoformat((home / ASKED_FOR).read_text(encoding="utf-8"))
        return due_at <= asked_for <= datetime.now(UTC)
    return False


def keep_request(home: Path, due_at: datetime) -> None:
    """Keep for which time of the schedule a run was asked.

    Raises:
        OSError: the disk refuses.
    """
    path = home / ASKED_FOR
    path.parent.mkdir(parents=True, exist_ok=True)
    write_durably(path, due_at.isoformat().encode())
