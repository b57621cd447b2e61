"""The database: opening it, and transactions that outlast a lost connection.

In embedded mode every connection comes back by itself after the server died: a listener on all
SQLAlchemy engines of the process (kombu's among them) starts the server again and connects once
more. What a transaction had not committed is lost then; `run_transaction` repeats it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import psycopg
import structlog
from sqlalchemy import Engine, create_engine, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection, Dialect
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.orm import Session
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_after_delay,
    wait_exponential,
    wait_random,
)

from search.database.embedded.postgres_server import EmbeddedPostgres, server_at
from search.database.schema import check_schema, migrate
from search.errors import DatabaseUnavailable, WrongSetting
from search.settings import Settings, load_settings

OLDEST_SERVER = 15
CONNECT_WITHIN_S = 10
SEARCHER_WAITS_S = 15.0
"""A server that was killed answers again within some seconds; longer no shopper waits."""

T = TypeVar("T")
log = structlog.get_logger()


@lru_cache(maxsize=16)
def embedded_server(root: Path) -> EmbeddedPostgres:
    """Return this process's handle of the embedded server under `root`."""
    return EmbeddedPostgres(root)


def database_url(settings: Settings | None = None) -> str:
    """Return the SQLAlchemy URL of the database, password included; start the embedded server.

    Raises:
        WrongSetting: FINDALIKE_DATABASE_URL is no URL.
        DatabaseUnavailable: the embedded server can't be started.
    """
    settings = settings or load_settings()
    if settings.database_url is None:
        return embedded_server(settings.root).ensure_running()
    try:
        url = make_url(settings.database_url.get_secret_value())
    except (ArgumentError, ValueError):
        url = None
    if url is None or "@" in (url.host or ""):  # an @ in a password makes its end the host
        # Neither the value nor its error, which names a part of it: it may hold a password.
        raise WrongSetting(
            "FINDALIKE_DATABASE_URL",
            "(not shown)",
            "give postgresql://USER:PASSWORD@HOST:5432/DATABASE, with %40 for @ in the password",
        )
    return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def open_database(
    settings: Settings | None = None, *, application_name: str = "findalike"
) -> Engine:
    """Open the database, ready for use: it answers and its schema is the newest.

    The embedded database is migrated on the way; another one is only checked.

    Args:
        settings: Taken from the environment where not given.
        application_name: What `pg_stat_activity` calls the connections.

    Raises:
        WrongSetting: FINDALIKE_DATABASE_URL is no URL.
        DatabaseUnavailable: PostgreSQL does not answer, or is older than 15.
        SchemaOutdated: migrations are missing, or a newer release made the schema.
        AlreadyRunning: another process holds the tables that a migration changes.
    """
    settings = settings or load_settings()
    engine = connect_database(settings, application_name=application_name)
    try:
        if settings.database_url is None:
            migrate(engine)
        else:
            check_schema(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine


def connect_database(
    settings: Settings | None = None, *, application_name: str = "findalike"
) -> Engine:
    """Open the database without regard to its schema, and see that it answers.

    Raises:
        WrongSetting: FINDALIKE_DATABASE_URL is no URL.
        DatabaseUnavailable: PostgreSQL does not answer, or is older than 15.
    """
    engine = create_engine(
        database_url(settings),
        pool_pre_ping=True,
        connect_args={"application_name": application_name, "connect_timeout": CONNECT_WITHIN_S},
    )
    try:
        with engine.connect() as connection:
            version = int(connection.scalar(text("SHOW server_version_num")) or 0) // 10_000
        _check_version(engine, version)
    except OperationalError as error:
        engine.dispose()
        raise DatabaseUnavailable(_silence(engine, error)) from error
    except BaseException:
        engine.dispose()
        raise
    return engine


def server_version(session: Session) -> str:
    """Return PostgreSQL's own name for its version, such as `18.0`."""
    return str(session.scalar(text("SHOW server_version")))


def server_place(engine: Engine) -> str:
    """Return host, or folder of the socket, and port of a server: no user, no password."""
    url = engine.url
    return f"{url.host or url.query.get('host') or 'localhost'}:{url.port or 5432}"


def _check_version(engine: Engine, version: int) -> None:
    if version < OLDEST_SERVER:
        raise DatabaseUnavailable(
            f"PostgreSQL at {server_place(engine)} is version {version}; "
            f"{OLDEST_SERVER} or newer is needed."
        )


def _silence(engine: Engine, error: OperationalError) -> str:
    """Say which server does not answer, why, and what to check."""
    reason = " ".join(str(error.orig).split())
    return (
        f"PostgreSQL at {server_place(engine)} can't be used: {reason}. Check that it runs, that "
        "FINDALIKE_DATABASE_URL names its host, port, user and database, or unset the variable "
        "to use the embedded server."
    )


@event.listens_for(Engine, "do_connect")
def _connect_embedded(
    dialect: Dialect, _record: object, cargs: list[Any], cparams: dict[str, Any]
) -> DBAPIConnection | None:
    """Connect; where that fails at the embedded server's socket, start the server again."""
    server = server_at(str(cparams.get("host", "")))
    if server is None:
        return None
    try:
        return dialect.connect(*cargs, **cparams)
    except psycopg.OperationalError as error:
        log.debug("database_reconnect", error=str(error))
        server.ensure_running()
        return dialect.connect(*cargs, **cparams)


@contextmanager
def session_scope(database: Engine) -> Iterator[Session]:
    """Run a block in one transaction: committed at its end, rolled back on any error.

    What the block read stays readable afterwards.
    """
    with Session(database, expire_on_commit=False) as session, session.begin():
        yield session


@contextmanager
def consistent_session(database: Engine) -> Iterator[Session]:
    """Run a block that only reads, in one repeatable-read transaction: all of it is of one moment.

    What another session reads within the block is of another moment.
    """
    with (
        database.connect().execution_options(isolation_level="REPEATABLE READ") as connection,
        Session(connection) as session,
    ):
        yield session


def is_lost_connection(error: BaseException) -> bool:
    """Return whether repeating the transaction may help: a lost server, a deadlock, a timeout."""
    return isinstance(error, OperationalError) or (
        isinstance(error, DBAPIError) and error.connection_invalidated
    )


def answer_from(database: Engine, read: Callable[[Session], T]) -> T:
    """Run what a searcher waits for: a restart of the database makes it slower, not fail.

    Args:
        database: Where.
        read: Must be repeatable, as in `run_transaction`.

    Raises:
        sqlalchemy.exc.OperationalError: the database stayed away for `SEARCHER_WAITS_S`.
    """
    return run_transaction(database, read, within_s=SEARCHER_WAITS_S)


def run_transaction(database: Engine, work: Callable[[Session], T], *, within_s: float = 60) -> T:
    """Run `work` in a transaction, and again with a fresh one after a lost connection.

    Args:
        database: Where.
        work: Must be repeatable: it may run in a transaction that is rolled back, and where the
            connection is lost during the commit itself, in two that are both kept.
        within_s: Seconds after which a failure is final.

    Raises:
        sqlalchemy.exc.OperationalError: the database stayed away for `within_s`.
    """
    for attempt in Retrying(
        retry=retry_if_exception(is_lost_connection),
        stop=stop_after_delay(within_s),
        wait=wait_exponential(multiplier=0.1, max=5) + wait_random(0, 0.1),
        before_sleep=_log_repeat,
        reraise=True,
    ):
        with attempt, session_scope(database) as session:
            return work(session)
    raise AssertionError  # pragma: no cover  (reraise=True: the loop returns or raises)


def _log_repeat(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    log.warning("transaction_repeated", attempt=state.attempt_number, error=str(error))
