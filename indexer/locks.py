"""One at a time: advisory locks of PostgreSQL, which end with the connection that holds them."""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy
from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError

from search.db import session_scope
from search.errors import AlreadyRunning
from search.jobs import advance, fail, finish, start_job
from search.models import Job

NAMESPACE = 0x66696E64
"""First half of the lock's key, so that no other program's locks collide."""


@contextmanager
def exclusively(database: sqlalchemy.Engine, what: str) -> Iterator[None]:
    """Hold the lock of a piece of work for a block.

    The lock lives on a connection of its own: a killed holder frees it at once.

    Raises:
        AlreadyRunning: another process holds it; says who and since when.
    """
    key = {"namespace": NAMESPACE, "key": zlib.crc32(what.encode()) & 0x7FFFFFFF}
    with database.connect() as connection:
        locked = text("SELECT pg_try_advisory_lock(:namespace, :key)")
        if not connection.scalar(locked, key):
            raise AlreadyRunning(_who_holds(connection, what, key))
        connection.commit()  # the lock is the session's, not the transaction's
        try:
            yield
        finally:
            with suppress(SQLAlchemyError):  # a lost connection has let go already
                connection.execute(text("SELECT pg_advisory_unlock(:namespace, :key)"), key)
                connection.commit()


def _who_holds(connection: sqlalchemy.Connection, what: str, key: dict[str, int]) -> str:
    """Return a sentence about the holder of a lock."""
    row = connection.execute(
        text(
            "SELECT application_name, a.backend_start, client_addr FROM pg_locks l "
            "JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory' AND l.granted "
            "AND l.classid = :namespace AND l.objid = :key AND a.datname = current_database()"
        ),
        key,
    ).first()
    if row is None:
        return f"Another {what} has only just ended. Try again."
    where = f" from {row.client_addr}" if row.client_addr else ""
    return (
        f"Another {what} is at work: {row.application_name}{where}, connected since "
        f"{row.backend_start:%Y-%m-%d %H:%M:%S %Z}. Wait for it, or end that process."
    )


@dataclass(slots=True)
class SoleJob:
    """A job that is the only one of its kind; `report` is kept when it ends."""

    id: int
    database: sqlalchemy.Engine
    report: dict[str, Any] = field(default_factory=dict)

    def step(self) -> None:
        """Count one step as done."""
        with session_scope(self.database) as session:
            advance(session, self.id, done=1)


@contextmanager
def sole_job(database: sqlalchemy.Engine, kind: str, steps: int) -> Iterator[SoleJob]:
    """Run a block under the lock of its kind, recorded as a job.

    Jobs of this kind that still say `running` were killed, or the lock would not be free; they
    are marked as failed.

    Raises:
        AlreadyRunning: another process is at it; says who and since when.
    """
    with exclusively(database, kind):
        with session_scope(database) as session:
            dead = select(Job.id).where(Job.kind == kind, Job.state == "running")
            for job_id in session.scalars(dead).all():
                fail(session, job_id, "It was killed, or its machine went down.")
            job = SoleJob(start_job(session, kind, total=steps), database)
        try:
            yield job
        except BaseException as error:
            # What went wrong first is what the caller must hear of, not a database that is away.
            with suppress(SQLAlchemyError), session_scope(database) as session:
                fail(session, job.id, str(error) or type(error).__name__)
            raise
        with session_scope(database) as session:
            finish(session, job.id, job.report)
