"""How many tasks wait in the work queue. Changes nothing in it."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from search.settings import Settings

QUEUE = "findalike"  # of Celery
BROKER_WITHIN_S = 3


def queued_tasks(session: Session, settings: Settings) -> int | None:
    """Return how many tasks wait for a worker; None where the broker does not answer."""
    if settings.broker_url is None:
        if session.scalar(text("SELECT to_regclass('kombu_message')")) is None:
            return 0  # nothing was ever queued
        return session.scalar(text("SELECT count(*) FROM kombu_message WHERE visible")) or 0
    from kombu.exceptions import OperationalError

    try:
        return broker_queue_length(settings.broker_url)
    except (OperationalError, OSError, ImportError):
        return None


def broker_queue_length(url: str) -> int:
    """Ask Redis or RabbitMQ how many tasks wait.

    Raises:
        kombu.exceptions.OperationalError: the broker does not answer.
        ImportError: the client library of this kind of broker is not installed.
    """
    from kombu.connection import Connection
    from kombu.exceptions import ChannelError

    connect: Any = Connection  # kombu has no types
    with connect(url, connect_timeout=BROKER_WITHIN_S) as broker:
        broker.ensure_connection(max_retries=1, timeout=BROKER_WITHIN_S)
        try:
            return int(broker.default_channel.queue_declare(QUEUE, passive=True).message_count)
        except ChannelError:
            return 0  # no such queue: nothing was ever queued
