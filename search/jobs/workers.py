"""Which workers and services are connected to the database now: their connections name them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from search.jobs.queues import QUEUES, WORKER_QUEUES, short_name

WORKER_PREFIX = "findalike-worker"
QUEUE_LETTERS = {short_name(queue)[0]: short_name(queue) for queue in QUEUES}


@dataclass(frozen=True, slots=True)
class ConnectedWorker:
    """One living worker, as its connection to the database shows it."""

    hostname: str
    pid: int  # of the worker, on its host
    connected_at: datetime
    queues: tuple[str, ...]  # whose tasks it takes: fetch, encode, build

    def is_on(self, hostname: str) -> bool:
        """Whether it runs on a host; a long name was cut, see `worker_application_name`."""
        name = worker_application_name(hostname, self.pid, self.queues)
        return name == worker_application_name(self.hostname, self.pid, self.queues)


def worker_application_name(hostname: str, pid: int, queues: Sequence[str] = WORKER_QUEUES) -> str:
    """Return the application name by which `worker_connections` finds a worker.

    PostgreSQL keeps 63 bytes of ASCII, so a long host name is cut, odd letters become `?`, and a
    queue is the first letter of its short name.
    """
    letters = "".join(letter for letter, queue in QUEUE_LETTERS.items() if queue in queues)
    room = 63 - len(f"{WORKER_PREFIX}::{pid}:{letters}")
    plain = "".join(c if c.isascii() and c.isprintable() else "?" for c in hostname)
    return f"{WORKER_PREFIX}:{plain.replace(':', '.')[:room]}:{pid}:{letters}"


def worker_connections(session: Session) -> list[ConnectedWorker]:
    """Return the workers that are connected now, longest first.

    A worker that died is gone as soon as the server notices its closed connection, which on one
    machine is at once.
    """
    rows = session.execute(
        text(
            "SELECT application_name, min(backend_start) FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name LIKE :pattern "
            "GROUP BY application_name ORDER BY 2"
        ),
        {"pattern": f"{WORKER_PREFIX}:%:%:%"},
    )
    found = ((name.split(":"), since) for name, since in rows)
    return [
        ConnectedWorker(hostname, int(pid), since, tuple(QUEUE_LETTERS.get(x, x) for x in letters))
        for (_, hostname, pid, letters), since in found
        if pid.isdecimal()
    ]


def application_connected(session: Session, name: str) -> bool:
    """Return whether a process with this application name is connected now."""
    named = text(
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() "
        "AND application_name = :name)"
    )
    return bool(session.scalar(named, {"name": name}))
