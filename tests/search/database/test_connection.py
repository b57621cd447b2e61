"""Opening databases, transactions that survive a lost server, and the list of connected workers."""

import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, create_engine, func, select, text
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.orm import Session

from scripts.soaking.killing import kill_postmaster
from search.database import connection
from search.database.connection import (
    connect_database,
    database_url,
    embedded_server,
    open_database,
    run_transaction,
    session_scope,
)
from search.database.embedded.postgres_processes import find_postmaster
from search.database.models import Job
from search.database.schema import newest_revision, schema_revision
from search.errors import DatabaseUnavailable, SchemaOutdated, WrongSetting
from search.jobs.workers import worker_application_name, worker_connections
from search.settings import Settings


@pytest.fixture(scope="module")
def embedded() -> Iterator[Settings]:
    """Settings of a home whose embedded server is running."""
    home = Path(tempfile.mkdtemp(prefix="findalike-test-"))
    home.chmod(0o711)
    settings = Settings(home=home)
    yield settings
    embedded_server(settings.root).stop()
    shutil.rmtree(home)


def kill_server(settings: Settings) -> None:
    postmaster = find_postmaster(settings.root / "postgres")
    assert postmaster is not None
    kill_postmaster(postmaster)


def count_jobs(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Job)) or 0


def test_embedded_database_is_migrated_on_opening(embedded: Settings) -> None:
    """It needs nothing but a directory."""
    database = open_database(embedded)
    assert schema_revision(database) == newest_revision()
    database.dispose()


def test_open_engine_survives_the_death_of_the_server(embedded: Settings) -> None:
    """Committed rows are still there, and the caller notices nothing."""
    database = open_database(embedded)
    with session_scope(database) as session:
        session.add(Job(kind="before"))
    kill_server(embedded)
    with session_scope(database) as session:
        assert "before" in session.scalars(select(Job.kind)).all()
    database.dispose()


def test_transaction_is_repeated_after_the_server_died_in_it(embedded: Settings) -> None:
    """Uncommitted work is done again, once."""
    database = open_database(embedded)
    with session_scope(database) as session:
        before = count_jobs(session)
    attempts = []

    def work(session: Session) -> str:
        session.add(Job(kind="repeated"))
        session.flush()
        attempts.append(session)
        if len(attempts) == 1:
            kill_server(embedded)
        return "done"

    assert run_transaction(database, work) == "done"
    with session_scope(database) as session:
        assert count_jobs(session) == before + 1
    assert len(attempts) == 2
    database.dispose()


def test_transaction_is_not_repeated_for_a_mistake(database: Engine) -> None:
    """Repeating wrong SQL would not help."""
    attempts = []

    def work(session: Session) -> None:
        attempts.append(session)
        session.execute(text("SELECT nonsense"))

    with pytest.raises(ProgrammingError):
        run_transaction(database, work)
    assert len(attempts) == 1


def test_transaction_gives_up_in_time(unused_port: int) -> None:
    """If the server stays down, the caller gets an error in the end."""
    database = create_engine(f"postgresql+psycopg://nobody@127.0.0.1:{unused_port}/none")
    with pytest.raises(OperationalError):
        run_transaction(database, count_jobs, within_s=0.5)


def test_session_scope_commits_or_rolls_back(database: Engine) -> None:
    """It commits all of a block or nothing; rows that were read stay readable."""
    with session_scope(database) as session:
        kept = Job(kind="kept")
        session.add(kept)

    def fail() -> None:
        with session_scope(database) as session:
            session.add(Job(kind="lost"))
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with session_scope(database) as session:
        assert session.scalars(select(Job.kind)).all() == ["kept"]
    assert kept.kind == "kept"


@pytest.fixture
def unused_port() -> int:
    """A port of this machine on which nothing listens."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def test_server_that_does_not_answer_is_named_without_password(unused_port: int) -> None:
    """The error names the address, without the password."""
    url = f"postgresql://shop:s3cret@127.0.0.1:{unused_port}/catalogue"
    with pytest.raises(DatabaseUnavailable) as caught:
        open_database(Settings(database_url=url))
    message = str(caught.value)
    assert f"127.0.0.1:{unused_port}" in message
    assert "refused" in message
    assert "FINDALIKE_DATABASE_URL" in message
    assert "s3cret" not in message


def test_unknown_database_is_unavailable(settings: Settings) -> None:
    """The server answers, but has no database of this name."""
    assert settings.database_url is not None
    absent = settings.database_url.get_secret_value().replace("/test_", "/absent_")
    with pytest.raises(DatabaseUnavailable, match=r'"absent_\w+" does not exist'):
        open_database(settings.model_copy(update={"database_url": SecretStr(absent)}))


def test_database_without_schema_names_the_command(empty_database_url: str) -> None:
    """An external database is never migrated without being asked."""
    settings = Settings(database_url=empty_database_url)
    with pytest.raises(SchemaOutdated, match="findalike migrate"):
        open_database(settings)
    database = connect_database(settings)
    assert schema_revision(database) is None
    database.dispose()


def test_url_that_is_none_names_the_variable_only() -> None:
    """The value may hold a password."""
    settings = Settings(database_url="postgresql://shop:s3cret@host:port/catalogue")
    with pytest.raises(WrongSetting, match="FINDALIKE_DATABASE_URL") as caught:
        database_url(settings)
    assert "s3cret" not in str(caught.value)


def test_old_server_is_refused(database: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says which version is needed."""
    monkeypatch.setattr(connection, "OLDEST_SERVER", 99)
    with pytest.raises(DatabaseUnavailable, match="99 or newer is needed"):
        connect_database(Settings(database_url=database.url.render_as_string(hide_password=False)))


def test_living_workers_are_seen_and_gone_ones_are_not(
    database: Engine, settings: Settings
) -> None:
    """A worker counts as running as long as its connection is open."""
    worker = open_database(
        settings, application_name=worker_application_name("box-1", 4711, ("build", "fetch"))
    )
    with worker.connect(), Session(database) as session:
        (found,) = worker_connections(session)
        assert (found.hostname, found.pid) == ("box-1", 4711)
        assert found.queues == ("fetch", "build")
        assert found.connected_at.tzinfo is not None
    worker.dispose()
    for _ in range(100):
        with Session(database) as session:
            if not worker_connections(session):
                break
    else:
        pytest.fail("the worker is still listed")


@pytest.mark.parametrize("hostname", ["h" * 200, "größe", "a:b", ""])
def test_worker_names_fit_what_postgres_keeps(
    hostname: str, database: Engine, settings: Settings
) -> None:
    """The host name is shortened, never the process number."""
    name = worker_application_name(hostname, 4_194_303)
    assert len(name.encode()) <= 63
    worker = open_database(settings, application_name=name)
    with worker.connect(), Session(database) as session:
        assert [view.pid for view in worker_connections(session)] == [4_194_303]
    worker.dispose()


def test_other_connections_are_no_workers(database: Engine, settings: Settings) -> None:
    """A name that merely resembles a worker's does not count."""
    other = open_database(settings, application_name="findalike-worker:box:no-number:e")
    with other.connect(), Session(database) as session:
        assert worker_connections(session) == []
    other.dispose()
