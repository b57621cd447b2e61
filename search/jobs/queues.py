"""The work queues' names, and how many tasks wait in each. Changes nothing in them."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from search.settings import Settings

PRODUCT_QUEUE = "findalike.products"
FETCH_QUEUE = "findalike.fetch"
ENCODE_QUEUE = "findalike.encode"
BUILD_QUEUE = "findalike.build"
QUEUES = (PRODUCT_QUEUE, FETCH_QUEUE, ENCODE_QUEUE, BUILD_QUEUE)
WORKER_QUEUES = ("products", "fetch", "encode")
"""What a worker takes unless told otherwise: a build would keep the others waiting for hours."""
BROKER_WITHIN_S = 3


def short_name(queue: str) -> str:
    """Return what people call a queue: `encode` for `findalike.encode`."""
    return queue.rpartition(".")[2]


def queue_lengths(session: Session, settings: Settings) -> dict[str, int] | None:
    """Return how many tasks wait for a worker, by the queues' short names.

    Returns:
        `{"products": 0, "fetch": 0, "encode": 3, "build": 0}`; None where the broker does not
        answer.
    """
    if settings.broker_url is None:
        return _lengths_in_database(session)
    from kombu.exceptions import OperationalError

    try:
        return broker_queue_lengths(settings.broker_url.get_secret_value())
    except (OperationalError, OSError, ImportError):
        return None


def _lengths_in_database(session: Session) -> dict[str, int]:
    """Count what kombu has not delivered yet, without making its tables."""
    lengths = {short_name(queue): 0 for queue in QUEUES}
    if session.scalar(text("SELECT to_regclass('kombu_message')")) is None:
        return lengths  # nothing was ever queued
    waiting = session.execute(
        text(
            "SELECT kombu_queue.name, count(*) FROM kombu_message JOIN kombu_queue "
            "ON kombu_queue.id = kombu_message.queue_id WHERE visible GROUP BY kombu_queue.name"
        )
    )
    return lengths | {short_name(name): n for name, n in waiting if name in QUEUES}


def broker_queue_lengths(url: str) -> dict[str, int]:
    """Ask Redis or RabbitMQ how many tasks wait, by the queues' short names.

    Raises:
        kombu.exceptions.OperationalError: the broker does not answer.
        ImportError: the client library of this kind of broker is not installed.
    """
    from kombu.connection import Connection

    connect: Any = Connection  # kombu has no types
    with connect(url, connect_timeout=BROKER_WITHIN_S) as broker:
        broker.ensure_connection(max_retries=1, timeout=BROKER_WITHIN_S)
        return {short_name(queue): _length(broker, queue) for queue in QUEUES}


def _length(broker: Any, queue: str) -> int:  # noqa: ANN401  (kombu has no types)
    """Count on a channel of its own: RabbitMQ closes one that asks for a queue it has not."""
    from kombu.exceptions import ChannelError

    channel = broker.channel()
    try:
        return int(channel.queue_declare(queue, passive=True).message_count)
    except (*broker.channel_errors, ChannelError):
        return 0  # no such queue: nothing was ever queued
    finally:
        channel.close()
