"""The embedded PostgreSQL server: started on demand, shared by processes, stopped by the last.

Every process that uses the server holds a shared `flock` on `locks/postgres.users`; who can get
that lock exclusively at exit is the last one and stops the server. Starting and stopping happen
under `locks/postgres.start`. "Running" means that it answers: a pid file proves nothing after a
`kill -9` or a reboot. The server listens on a Unix socket in a directory that only its owner
can enter, never on TCP. Windows is not supported.
"""

import atexit
import hashlib
import os
import re
import shlex
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psycopg
import structlog
from psycopg.conninfo import make_conninfo
from psycopg.pq import PGconn, Ping
from sqlalchemy import URL

from search.database.embedded.file_locks import FileLock, exclusive
from search.database.embedded.postgres_processes import clear_remains, end_process, find_postmaster
from search.database.embedded.postgres_programs import (
    OTHER_SERVER,
    SUPERUSER,
    cluster_owner,
    create_cluster,
    find_programs,
    open_path_to,
    start_failure,
)
from search.errors import DatabaseUnavailable

DATABASE = "findalike"
PORT = 5432  # part of the socket's name only
START_WITHIN_S = 90.0
SILENT_FOR_S = 15.0  # a live postmaster that answers nobody for so long is stopped
SOCKET_PATH_BYTES = 90  # sockaddr_un holds 104 bytes on macOS, 108 on Linux
LOG_BYTES = 10_000_000
ORPHANS_LEFT = r'pre-existing shared memory|lock file ".*" already exists'

TUNING = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "maintenance_work_mem": "64MB",
    "max_wal_size": "256MB",
    "min_wal_size": "64MB",
    "fsync": "on",
    "jit": "off",  # queries are short; compiling them costs more than it saves
    # Containers give /dev/shm 64 MB, which parallel workers overrun.
    "max_parallel_workers_per_gather": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "idle_in_transaction_session_timeout": "10min",
}

log = structlog.get_logger()
_servers: dict[str, "EmbeddedPostgres"] = {}  # by socket directory, of this process


class EmbeddedPostgres:
    """The server whose data lies under `root/postgres`.

    Args:
        root: `FINDALIKE_HOME`, made if it is missing.
        options: Server settings that go before `TUNING`.
    """

    def __init__(self, root: Path, *, options: Mapping[str, str] | None = None) -> None:
        self.root = root.absolute()
        self.cluster = self.root / "postgres"
        self._options = TUNING | dict(options or {})
        self._use = FileLock(self.root / "locks" / "postgres.users")
        self._start_lock = self.root / "locks" / "postgres.start"
        self._guard = threading.RLock()
        self._exiting = False

    @property
    def socket_directory(self) -> Path:
        """Where the socket lies: with the data, or under /tmp where that path will not do.

        Socket addresses are short, and libpq and URLs give commas, colons, `@` and `%` a meaning.
        """
        path = str(self.cluster)
        if len(os.fsencode(path)) <= SOCKET_PATH_BYTES and re.fullmatch(r"[\w./+-]+", path, re.A):
            return self.cluster
        key = hashlib.sha256(os.fsencode(self.cluster.resolve())).hexdigest()[:16]
        # Not the temporary directory of TMPDIR: all processes must find the same one.
        return Path("/tmp") / f"findalike-{key}"  # noqa: S108  (checked to be ours alone)

    @property
    def url(self) -> str:
        """The SQLAlchemy URL of the database, whether or not the server runs."""
        query = {"host": str(self.socket_directory), "port": str(PORT)}
        url = URL.create("postgresql+psycopg", SUPERUSER, database=DATABASE, query=query)
        return url.render_as_string()

    def ensure_running(self) -> str:
        """Start the server unless it answers, and count this process as a user until it exits.

        Returns:
            The SQLAlchemy URL.

        Raises:
            DatabaseUnavailable: it can't be started; says why and what to do.
        """
        with self._guard:
            if self._exiting:
                raise DatabaseUnavailable("The embedded PostgreSQL was left: the process exits.")
            if self._use.held and self._ping() is Ping.OK:
                return self.url
            try:
                self._join()
            except OSError as error:
                raise DatabaseUnavailable(
                    f"The database under {self.root} can't be used: {error}. Make the directory "
                    "writable, free some space, or point FINDALIKE_HOME elsewhere."
                ) from error
            return self.url

    def stop(self) -> bool:
        """Stop using the server, and stop it where no other process uses it.

        Returns:
            Whether it was stopped.
        """
        with self._guard:
            if not self._use.held:
                return False
            with exclusive(self._start_lock, timeout_s=START_WITHIN_S) as had:
                self._use.release()
                # A fork without exec holds our open file too, so ask anew.
                last = FileLock(self._use.path)
                if not had or not last.acquire():
                    return False
                try:
                    return self._shut_down()
                finally:
                    last.release()

    def _join(self) -> None:
        """Become a user and see that the server runs, while nobody else starts or stops it."""
        with exclusive(self._start_lock, timeout_s=START_WITHIN_S) as had:
            if not had:
                raise DatabaseUnavailable(
                    f"Another process has been starting the database under {self.root} for "
                    f"{START_WITHIN_S:.0f} s. Look at {self.cluster / 'server.log'}."
                )
            if not self._use.held:
                self._use.acquire(shared=True, timeout_s=1)
            if not (self.cluster / "PG_VERSION").exists():
                create_cluster(find_programs(self.cluster), self.cluster)
            self._start_unless_running()
            self._create_database()
        if str(self.socket_directory) not in _servers:
            atexit.register(self._leave)
        _servers[str(self.socket_directory)] = self

    def _conninfo(self) -> str:
        """Return how to reach the server's own database."""
        return make_conninfo(
            host=str(self.socket_directory),
            port=PORT,
            user=SUPERUSER,
            dbname="postgres",
            connect_timeout=5,
            application_name="findalike-start",
        )

    def _ping(self) -> Ping:
        """Ask the server itself: OK, REJECT while it starts, recovers or stops, or no answer."""
        return Ping(PGconn.ping(self._conninfo().encode()))

    def _start_unless_running(self) -> None:
        """Wait for a server that is coming up; clear what a dead one left; start."""
        deadline = time.monotonic() + START_WITHIN_S
        silent_since: float | None = None
        failure = DatabaseUnavailable(f"The embedded PostgreSQL in {self.cluster} stays silent.")
        while (state := self._ping()) is not Ping.OK:
            if time.monotonic() > deadline:
                raise failure
            postmaster = find_postmaster(self.cluster)
            if state is Ping.REJECT or postmaster is not None:
                silent_since = silent_since or time.monotonic()
                if state is Ping.REJECT or time.monotonic() - silent_since < SILENT_FOR_S:
                    time.sleep(0.1)
                    continue
                if postmaster is not None:
                    log.warning("postgres_silent", pid=postmaster.pid)
                    end_process(postmaster, self.cluster)
            silent_since = None
            if clear_remains(self.cluster, self.socket_directory / f".s.PGSQL.{PORT}.lock"):
                log.warning("postgres_found_dead", cluster=str(self.cluster))
            status, output = self._launch()
            if status == 0:
                continue
            failure = start_failure(self.cluster, output)
            # Orphans of a killed server hold its shared memory for a moment longer.
            if not re.search(ORPHANS_LEFT, output):
                raise failure
            time.sleep(0.5)

    def _launch(self) -> tuple[int, str]:
        """Start the server and wait until it answers; return status and log."""
        programs = find_programs(self.cluster)
        self._prepare_socket_directory()
        open_path_to(self.cluster)
        server_log = self.cluster / "server.log"
        if server_log.exists() and server_log.stat().st_size > LOG_BYTES:
            server_log.replace(self.cluster / "server.log.old")
        said_before = server_log.stat().st_size if server_log.exists() else 0
        quoted = str(self.socket_directory).replace('"', '""')
        options = self._options | {"port": str(PORT), "unix_socket_directories": f'"{quoted}"'}
        arguments = " ".join(f"-c {name}={shlex.quote(value)}" for name, value in options.items())
        started = time.monotonic()
        status, output = programs.run(
            ["pg_ctl", "start", "-D", ".", "-l", "server.log", "-w", "-t", "60", "-o", arguments],
            cwd=self.cluster, timeout_s=70,
        )  # fmt: skip
        elapsed_ms = round(1000 * (time.monotonic() - started))
        log.debug("postgres_started", home=str(self.root), status=status, elapsed_ms=elapsed_ms)
        if status != 0 and server_log.exists():
            with server_log.open("rb") as written:
                written.seek(said_before)
                output = written.read().decode(errors="replace") or output
        return status, output

    def _prepare_socket_directory(self) -> None:
        """Make a separate socket directory that only the server's owner can enter."""
        directory, owner = self.socket_directory, cluster_owner()
        if directory == self.cluster:
            return
        with suppress(FileExistsError):
            directory.mkdir(mode=0o700)
            os.chown(directory, owner.uid, owner.gid)
        found = directory.lstat()
        if directory.is_symlink() or found.st_uid != owner.uid or found.st_mode & 0o077:
            raise DatabaseUnavailable(
                f"{directory}, where the database's socket goes, belongs to somebody else. Remove "
                f"it, give FINDALIKE_HOME a shorter path without odd characters, {OTHER_SERVER}."
            )

    def _create_database(self) -> None:
        """Make the database once."""
        with psycopg.connect(self._conninfo(), autocommit=True) as connection:
            query = "SELECT 1 FROM pg_database WHERE datname = %s"
            if connection.execute(query, [DATABASE]).fetchone() is None:
                connection.execute(f"CREATE DATABASE {DATABASE}")

    def _shut_down(self) -> bool:
        """Stop the server cleanly; return whether there was one."""
        if find_postmaster(self.cluster) is None:
            return False
        status, output = find_programs(self.cluster).run(
            ["pg_ctl", "stop", "-D", ".", "-m", "fast", "-w", "-t", "30"],
            cwd=self.cluster, timeout_s=40,
        )  # fmt: skip
        log.debug("postgres_stopped", cluster=str(self.cluster), status=status, output=output)
        return status == 0

    def _leave(self) -> None:
        """Stop at the exit of this process; a failure to stop must not hide the exit's reason."""
        self._exiting = True
        try:
            self.stop()
        except (OSError, DatabaseUnavailable) as error:
            log.warning("postgres_not_stopped", error=str(error))

    def renew_after_fork(self) -> None:
        """In a forked child: become a user of its own, apart from its parent."""
        self._guard = threading.RLock()
        inherited, self._use = self._use, FileLock(self._use.path)
        if inherited.held:
            # Cannot wait: the inherited open file keeps everyone from locking exclusively.
            with suppress(OSError):
                self._use.acquire(shared=True)
            inherited.release()


def server_at(host: str) -> EmbeddedPostgres | None:
    """Return the embedded server of this process whose socket lies in `host`."""
    return _servers.get(host)


def _after_fork() -> None:
    for server in _servers.values():
        server.renew_after_fork()


os.register_at_fork(after_in_child=_after_fork)
