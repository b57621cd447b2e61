"""Fixtures of all tests: separate settings, a fresh database per test, the encoder, no network."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4
from zlib import crc32

import psycopg
import pytest
import structlog
from pydantic import SecretStr
from sqlalchemy import Engine, create_engine, make_url
from sqlalchemy.engine import URL
from sqlalchemy.orm import Session

from search.database.embedded.postgres_server import EmbeddedPostgres
from search.database.schema import migrate
from search.settings import Settings, load_settings
from tests.support.shops.plain_shop import write_catalogue

if TYPE_CHECKING:
    from search.encoder import Encoder
    from search.engine.search_engine import SearchEngine

TESTS = Path(__file__).parent
SHARED = TESTS.parents[1] / "shared"
LONGEST = (
    "faults/test_faults.py",
    "test_end_to_end.py",
    "web/browser/test_screens.py",
    "indexer/workers/test_topology.py",
    "web/browser/staff/test_staff_screens.py",
    "indexer/queue/test_worker_supervisor.py",
    "web/browser/staff/test_operator.py",
    "indexer/building/test_new_model.py",
)
"""Files that take a minute or more each."""
TEMPLATE = "findalike_template"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add options to keep screenshots of browser tests, and to run fault tests at full size."""
    parser.addoption("--large", action="store_true", help="faults in a shop of 1,000 products")
    parser.addoption("--screenshots", type=Path, metavar="DIR", help="keep a picture of each page")
    parser.addoption("--language", default="en", help="language of the browser that looks at pages")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Let tests reach this machine only (pytest-socket), and log to standard error."""
    config.option.allow_hosts = "127.0.0.1,::1,localhost"
    config.option.allow_unix_socket = True
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the slowest files first and shuffle the others.

    So no process is left with a long one at the end, and tests that wait for processes or browsers
    run beside tests that compute.
    """

    def place(item: pytest.Item) -> tuple[int, int, str]:
        name = item.path.relative_to(TESTS).as_posix()
        long = LONGEST.index(name) if name in LONGEST else len(LONGEST)
        return long, crc32(name.encode()), name

    items.sort(key=place)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hide the developer's FINDALIKE_* variables, and keep tests out of ~/.findalike.

    What needs a home asks for `settings`; anything else that touches one fails loudly.
    """
    for name in os.environ:
        if name.startswith("FINDALIKE_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("FINDALIKE_HOME", "/dev/null/findalike")
    load_settings.cache_clear()
    yield
    load_settings.cache_clear()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[URL]:
    """One embedded server per test process, holding a migrated template; yields its URL.

    It does not wait for the disk: what a test writes need not survive a power cut.
    """
    root = Path(tempfile.mkdtemp(prefix="findalike-test-"))
    root.chmod(0o711)  # if the tests run as root, the server's own user must be able to enter
    fast = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
    server = EmbeddedPostgres(root, options=fast)
    url = make_url(server.ensure_running())
    _administer(url, f"CREATE DATABASE {TEMPLATE}")
    engine = create_engine(url.set(database=TEMPLATE))
    migrate(engine)
    engine.dispose()
    yield url
    server.stop()
    shutil.rmtree(root)


def _administer(server: URL, statement: str) -> None:
    """Run a statement that makes or drops a database."""
    with psycopg.connect(
        host=str(server.query["host"]), user=server.username, dbname="postgres", autocommit=True
    ) as connection:
        connection.execute(statement.encode())


@pytest.fixture
def empty_database_url(postgres_server: URL) -> Iterator[str]:
    """The URL of a database without tables, dropped after the test."""
    yield from _temporary_database(postgres_server, "template1")


@pytest.fixture
def database_url(postgres_server: URL) -> Iterator[str]:
    """The URL of a migrated database without rows, dropped after the test."""
    yield from _temporary_database(postgres_server, TEMPLATE)


def _temporary_database(server: URL, template: str) -> Iterator[str]:
    name = f"test_{uuid4().hex[:12]}"
    _administer(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield server.set(database=name).render_as_string(hide_password=False)
    _administer(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def settings(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings with a home and a database of this test's own.

    They stand in the environment, so that commands and subprocesses read the same.
    """
    monkeypatch.setenv("FINDALIKE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FINDALIKE_DATABASE_URL", database_url)
    monkeypatch.setenv("FINDALIKE_DEVICE", "cpu")
    load_settings.cache_clear()
    return load_settings()


@pytest.fixture
def database(settings: Settings, database_url: str) -> Iterator[Engine]:
    """A migrated database for this test; the one that the fixture `settings` names."""
    assert settings.database_url == SecretStr(database_url)
    engine = create_engine(database_url, pool_pre_ping=True)
    yield engine
    engine.dispose()


@pytest.fixture
def session(database: Engine) -> Iterator[Session]:
    """Let code under test commit, then undo everything."""
    with database.connect() as connection:
        outer = connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            yield session
        outer.rollback()


@pytest.fixture(scope="session")
def encoder() -> "Encoder":
    """The encoder inside the package, on the CPU, loaded once."""
    from search.encoder import load_encoder

    return load_encoder("embedded", "cpu")


@pytest.fixture(scope="session")
def small_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real model of 32 dimensions with random weights."""
    from tests.support.models.small_encoder import write_checkpoint

    return write_checkpoint(tmp_path_factory.mktemp("checkpoint"))


@pytest.fixture(scope="session")
def small_encoder(small_checkpoint: Path) -> "Encoder":
    """The model of `small_checkpoint`, loaded once."""
    from search.encoder import load_encoder

    return load_encoder(f"local-dir:{small_checkpoint}", "cpu")


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The development pictures beside the checkout; for tests marked `shared`."""
    if not (SHARED / "data").is_dir():
        pytest.skip("needs the development pictures in ../shared/data")
    return SHARED


def own_settings(server: URL, home: Path) -> Iterator[Settings]:
    """Yield settings with a migrated database of their own, dropped afterwards."""
    for url in _temporary_database(server, TEMPLATE):
        yield Settings(
            home=home,
            database_url=url,
            device="cpu",
            rate_anonymous="9999/second",  # no limits; tests of limits make their own application
            rate_pages="9999/second",
        )


def open_engine(settings: Settings, encoder: "Encoder") -> "Iterator[SearchEngine]":
    """Yield an engine over the generation that the settings' database says is live."""
    from search.database.connection import open_database
    from search.engine.search_engine import SearchEngine
    from search.live.generation_loader import LiveGenerations
    from search.live.model_pairing import ModelPairing

    database = open_database(settings)
    pairing = ModelPairing(settings, at_hand=(encoder,))
    live = LiveGenerations(database, settings.root, settings.refresh_s, pairing)
    engine = SearchEngine(database, live, settings)
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def shop_settings(
    postgres_server: URL, tmp_path_factory: pytest.TempPathFactory, encoder: "Encoder"
) -> Iterator[Settings]:
    """Settings of a shop that is ingested, encoded, built and published."""
    from indexer.building.build_generation import build_generation
    from indexer.encode_jobs.encode_control import encode_all
    from indexer.ingest.ingest_run import ingest
    from search.database.connection import open_database
    from search.publication.publishing import publish

    folder = tmp_path_factory.mktemp("shop")
    for settings in own_settings(postgres_server, folder / "home"):
        database = open_database(settings)
        ingest(database, write_catalogue(folder / "catalogue"), settings)
        encode_all(database, settings, encoder)
        publish(database, settings, build_generation(database, settings, encoder))
        database.dispose()
        yield settings


@pytest.fixture(scope="session")
def engine(shop_settings: Settings, encoder: "Encoder") -> "Iterator[SearchEngine]":
    """The engine over the shop."""
    yield from open_engine(shop_settings, encoder)
