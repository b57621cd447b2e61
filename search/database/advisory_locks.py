"""Locks between machines: advisory locks of PostgreSQL, which end with the connection.

They are for work on the shared catalogue. Locks on files of this machine are in
`search.database.embedded.file_locks`.
"""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import sqlalchemy
import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session

from search.errors import AlreadyRunning

NAMESPACE = 0x66696E64
"""First half of the lock's key, so that no other program's locks collide."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class HeldLock:
    """A lock that is held. It ends with its connection, for example when the server restarts."""

    what: str
    connection: sqlalchemy.Connection

    def renew(self) -> None:
        """Take the lock again if it was lost; call it before further work under the lock.

        Raises:
            AlreadyRunning: another process was quicker.
            sqlalchemy.exc.OperationalError: the database is away.
        """
        try:
            self.connection.execute(text("SELECT 1"))
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            self.connection.rollback()
            self.take()
            log.info("lock_taken_again", what=self.what)
        self.connection.commit()

    def take(self) -> None:
        """Take the lock.

        Raises:
            AlreadyRunning: another process holds it; says who and since when.
        """
        locked = text("SELECT pg_try_advisory_lock(:namespace, :key)")
        if not self.connection.scalar(locked, _key(self.what)):
            raise AlreadyRunning(_who_holds(self.connection, self.what, _key(self.what)))
        self.connection.commit()  # the lock is the session's, not the transaction's


@contextmanager
def exclusively(database: sqlalchemy.Engine, what: str) -> Iterator[HeldLock]:
    """Hold the lock of a piece of work for a block.

    The lock lives on a connection of its own: a killed holder frees it at once.

    Raises:
        AlreadyRunning: another process holds it; says who and since when.
    """
    with database.connect() as connection:
        lock = HeldLock(what, connection)
        lock.take()
        try:
            yield lock
        finally:
            with suppress(SQLAlchemyError):  # the lock went with a lost connection
                unlock = text("SELECT pg_advisory_unlock(:namespace, :key)")
                connection.execute(unlock, _key(what))
                connection.commit()


def is_held(session: Session, what: str) -> bool:
    """Return whether some process holds the lock of a piece of work at this moment."""
    held = text(
        "SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
        "WHERE l.locktype = 'advisory' AND l.granted AND l.classid = :namespace "
        "AND l.objid = :key AND a.datname = current_database())"
    )
    return bool(session.scalar(held, _key(what)))


def _key(what: str) -> dict[str, int]:
    return {"namespace": NAMESPACE, "key": zlib.crc32(what.encode()) & 0x7FFFFFFF}


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
