"""The broker of the work queue: its tables, the lengths of its queues, and delivered messages.

By default the broker is the PostgreSQL database itself, through kombu's SQLAlchemy transport. That
transport marks a message as delivered and never delivers it again, so a message that a killed
worker held is lost. Messages of fetch and encode therefore only wake workers; the product's own
tables say what is to be done, and a message that is lost or doubled changes nothing. What messages
of `products` and `build` say stands nowhere else, so they are never discarded.
"""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy
import structlog
from celery import Celery
from kombu.connection import Connection
from kombu.exceptions import OperationalError
from sqlalchemy import create_engine, text
from sqlalchemy.exc import SADeprecationWarning
from sqlalchemy.pool import NullPool

from search.database.connection import database_url
from search.errors import FindalikeError
from search.jobs.queues import (
    BUILD_QUEUE,
    ENCODE_QUEUE,
    FETCH_QUEUE,
    PRODUCT_QUEUE,
    QUEUES,
)
from search.settings import Settings

__all__ = ["BUILD_QUEUE", "ENCODE_QUEUE", "FETCH_QUEUE", "PRODUCT_QUEUE", "QUEUES"]

SQL_PREFIX = "sqla+"
LOCK = 0x66_69_6E_64_61_6C_69_6B  # advisory lock: one process at a time prepares the broker
KEEP_DELIVERED = timedelta(days=1)
ANSWERS_WITHIN_S = 15

log = structlog.get_logger()


class BrokerUnavailable(FindalikeError):
    """Redis or RabbitMQ does not answer, or refuses."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(kind, reason)
        self.kind, self.reason = kind, reason

    def __str__(self) -> str:
        return (
            f"The work queue ({self.kind}) does not answer: {self.reason}. Start it, or correct "
            "FINDALIKE_BROKER_URL; `findalike doctor` checks it."
        )


def broker_url(settings: Settings) -> str:
    """Return the address of the broker, password included; start the embedded server if it is that.

    Raises:
        DatabaseUnavailable: the embedded server can't be started.
    """
    if settings.broker_url is None:
        return SQL_PREFIX + database_url(settings)
    return settings.broker_url.get_secret_value()


def map_broker_tables(broker: Connection) -> None:
    """Let kombu map its tables without the deprecation warning that SQLAlchemy 2.1 has for it.

    Harmless here: the warning is about a relationship that kombu never reads.
    """
    from kombu.transport.sqlalchemy.models import ModelBase

    with broker:
        _ = broker.default_channel  # its constructor declares the mapped classes
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "The ``noload``", SADeprecationWarning)
            ModelBase.registry.configure()


def prepare_broker(app: Celery, settings: Settings) -> None:
    """Make the queues, and remove what was delivered long ago.

    kombu makes its tables when they are first used, and fails where two processes do so at
    once. So this runs before messages are sent and workers are started, one caller at a time.

    Raises:
        BrokerUnavailable: Redis or RabbitMQ does not answer.
        DatabaseUnavailable: the embedded server can't be started.
    """
    url = broker_url(settings)
    if not url.startswith(SQL_PREFIX):
        try:
            with app.connection_for_write() as broker:
                broker.ensure_connection(
                    max_retries=2, interval_start=0.5, timeout=ANSWERS_WITHIN_S
                )
                declare_queues(app, broker)
        except (OperationalError, OSError) as error:
            raise BrokerUnavailable(url.partition(":")[0], str(error)) from error
        return
    # NullPool: the connection is closed after its last use, so nothing is left to dispose of.
    engine = create_engine(url.removeprefix(SQL_PREFIX), poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
        with app.connection_for_write() as broker:
            declare_queues(app, broker)
        prune_delivered(connection)


def declare_queues(app: Celery, broker: Connection) -> None:
    """Make every queue, so that each has a length before its first message."""
    with _channel(broker) as channel:
        for name in QUEUES:
            app.amqp.queues[name](channel).declare()


@contextmanager
def _channel(broker: Connection) -> Iterator[Any]:
    """Yield the broker's channel; end the transaction that kombu's SQL transport leaves open."""
    channel = broker.default_channel
    try:
        yield channel
    finally:
        if hasattr(channel, "session"):
            channel.session.close()


def prune_delivered(connection: sqlalchemy.Connection) -> int:
    """Remove messages that were delivered over a day ago; return how many.

    kombu stamps a message with the local time of the process that took it.
    """
    before = datetime.now() - KEEP_DELIVERED
    deleted = connection.execute(
        text("DELETE FROM kombu_message WHERE NOT visible AND timestamp < :before"),
        {"before": before},
    )
    if deleted.rowcount:
        log.info("broker_pruned", messages=deleted.rowcount)
    return deleted.rowcount


def waiting_messages(app: Celery, queue: str = ENCODE_QUEUE) -> int:
    """Return how many messages of a queue wait for a worker."""
    with app.connection_for_read() as broker, _channel(broker) as channel:
        return int(app.amqp.queues[queue](channel).queue_declare().message_count)


def discard_messages(app: Celery, queues: Sequence[str] = (FETCH_QUEUE, ENCODE_QUEUE)) -> int:
    """Remove the messages that wait, once nothing is left to do; return how many.

    Messages of fetch and encode only wake workers, so none is missed. The lengths of these queues
    then say again how much waits.

    Raises:
        ValueError: of another queue, whose messages alone say what is to be done.
    """
    for queue in queues:
        if queue not in (FETCH_QUEUE, ENCODE_QUEUE):
            raise ValueError(
                f"messages of {queue} are not discarded: what they ask stands nowhere else"
            )
    with app.connection_for_write() as broker, _channel(broker) as channel:
        return sum(int(app.amqp.queues[queue](channel).purge() or 0) for queue in queues)
