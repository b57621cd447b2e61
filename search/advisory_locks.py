"""One at a time, across machines: advisory locks of PostgreSQL, which end with the connection.

For pieces of work on the shared catalogue. Locks on files of this machine are `search.file_locks`.
"""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import sqlalchemy
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from search.errors import AlreadyRunning

NAMESPACE = 0x66696E64
"""First half of the lock's key, so that no other program's locks collide."""


@contextmanager
def exclusively(database: sqlalchemy.Engine, what: str) -> Iterator[None]:
    """Hold the lock of a piece of work for a block.

    The lock lives on a connection of its own: a killed holder frees it at once.

    Raises:
        AlreadyRunning: another process holds it; says who and since when.
    """
    key = _key(what)
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


def is_held(session: Session, what: str) -> bool:
    """Return whether somebody is at a piece of work at this moment."""
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
