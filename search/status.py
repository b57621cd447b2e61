"""What an operator wants to see at a glance: the catalogue, the index, jobs, workers, disk.

Reads only; `findalike status` and the operator pages show it.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from search.db import WorkerView, server_version, session_scope, worker_connections
from search.jobs import JobView, recent_jobs
from search.models import Embedding, Generation, Product, ProductImage, Quarantine
from search.schema import schema_revision
from search.settings import Settings

QUEUE = "findalike"  # of Celery
BROKER_WITHIN_S = 3


@dataclass(frozen=True, slots=True)
class LiveIndex:
    """The published generation."""

    id: int
    model_tag: str
    directory: str
    published_at: datetime | None
    manifest: dict[str, Any]


@dataclass(frozen=True, slots=True)
class DiskUse:
    """Bytes below FINDALIKE_HOME by its folders, and what is left on that disk."""

    used_bytes: dict[str, int]
    free_bytes: int


@dataclass(frozen=True, slots=True)
class Status:
    """Everything at one moment."""

    home: Path
    postgres_version: str
    schema_revision: str | None
    live: LiveIndex | None
    products: int  # in the catalogue now
    retired_products: int  # were in it once
    images: dict[str, int]  # by state
    embeddings: dict[str, int]  # by model tag
    quarantine: dict[str, int]  # by reason, most frequent first
    jobs: list[JobView]  # newest first
    workers: list[WorkerView]
    queued_tasks: int | None  # None: the broker does not answer
    disk: DiskUse


def read_status(database: Engine, settings: Settings, *, jobs: int = 8) -> Status:
    """Gather the status; `jobs` says how many of the latest jobs."""
    with session_scope(database) as session:
        retired = Product.retired_at.is_not(None)
        return Status(
            home=settings.root,
            postgres_version=server_version(session),
            schema_revision=schema_revision(database),
            live=read_live(session),
            products=session.scalar(select(func.count()).where(~retired)) or 0,
            retired_products=session.scalar(select(func.count()).where(retired)) or 0,
            images=_counts(session, ProductImage.state),
            embeddings=_counts(session, Embedding.model_tag),
            quarantine=_counts(session, Quarantine.reason),
            jobs=recent_jobs(session, jobs),
            workers=worker_connections(session),
            queued_tasks=queued_tasks(session, settings),
            disk=disk_use(settings.root),
        )


def read_live(session: Session) -> LiveIndex | None:
    """Return the published generation, None where there is none yet."""
    found = session.scalars(select(Generation).where(Generation.state == "live")).one_or_none()
    if found is None:
        return None
    return LiveIndex(
        found.id, found.model_tag, found.directory, found.published_at, found.manifest or {}
    )


def _counts(session: Session, column: Any) -> dict[str, int]:  # noqa: ANN401  (any mapped column)
    """Count rows by the values of a column, most frequent first."""
    total = func.count()
    rows = session.execute(select(column, total).group_by(column).order_by(total.desc(), column))
    return {str(value): int(number) for value, number in rows}


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


def disk_use(root: Path) -> DiskUse:
    """Measure the folders of FINDALIKE_HOME; what vanishes meanwhile counts nothing."""
    folders = sorted(path for path in root.iterdir() if path.is_dir()) if root.is_dir() else []
    used = {folder.name: sum(_file_sizes(folder)) for folder in folders}
    nearest = next(path for path in [root, *root.parents] if path.exists())
    return DiskUse(used, shutil.disk_usage(nearest).free)


def _file_sizes(folder: Path) -> Iterator[int]:
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                yield (Path(place) / name).lstat().st_size
