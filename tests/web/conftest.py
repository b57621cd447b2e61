"""A small real shop, indexed by the real pipeline, and the application over it."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.engine import URL
from werkzeug.test import TestResponse

from indexer.build import build_generation
from indexer.encode import encode_all
from indexer.ingest import ingest
from indexer.publish import publish
from search.db import open_database
from search.encoder import Encoder
from search.engine import SearchEngine
from search.live import LiveGenerations
from search.settings import Settings
from tests.conftest import TEMPLATE
from tests.web.shop import write_catalogue
from web import create_app


class Client(FlaskClient):
    """A client that reads answers at once, so that sent files are closed."""

    def open(self, *args: object, **options: object) -> TestResponse:
        """Send a request and read all of its answer."""
        options.setdefault("buffered", True)
        return super().open(*args, **options)  # type: ignore[arg-type]


def _settings(server: URL, home: Path) -> Iterator[Settings]:
    """Settings with a migrated database of their own; dropped afterwards."""
    name = f"web_{uuid4().hex[:12]}"

    def administer(statement: str) -> None:
        host = str(server.query["host"])
        with psycopg.connect(
            host=host, user=server.username, dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(statement)  # type: ignore[arg-type]  # no literal: a made name

    administer(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    url = server.set(database=name).render_as_string(hide_password=False)
    yield Settings(home=home, database_url=url, device="cpu")
    administer(f"DROP DATABASE {name} WITH (FORCE)")


def _engine(settings: Settings, encoder: Encoder) -> Iterator[SearchEngine]:
    database = open_database(settings)
    engine = SearchEngine(
        database,
        LiveGenerations(database, settings.root, settings.refresh_s),
        encoder,
        settings,
    )
    yield engine
    engine.close()


def _app(settings: Settings, engine: SearchEngine) -> Flask:
    app = create_app(settings, engine)
    app.test_client_class = Client
    return app


@pytest.fixture(scope="session")
def shop_settings(
    postgres_server: URL, tmp_path_factory: pytest.TempPathFactory, encoder: Encoder
) -> Iterator[Settings]:
    """Settings of a shop that is ingested, encoded, built and published."""
    folder = tmp_path_factory.mktemp("shop")
    for settings in _settings(postgres_server, folder / "home"):
        database = open_database(settings)
        ingest(database, write_catalogue(folder / "catalogue"), settings)
        encode_all(database, settings, encoder)
        publish(database, settings, build_generation(database, settings, encoder))
        database.dispose()
        yield settings


@pytest.fixture(scope="session")
def engine(shop_settings: Settings, encoder: Encoder) -> Iterator[SearchEngine]:
    """The engine over the shop."""
    yield from _engine(shop_settings, encoder)


@pytest.fixture(scope="session")
def app(shop_settings: Settings, engine: SearchEngine) -> Flask:
    """The application over the shop."""
    return _app(shop_settings, engine)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client of the shop."""
    return app.test_client()


@pytest.fixture(scope="session")
def empty_app(
    postgres_server: URL, tmp_path_factory: pytest.TempPathFactory, encoder: Encoder
) -> Iterator[Flask]:
    """The application where nothing is published yet."""
    for settings in _settings(postgres_server, tmp_path_factory.mktemp("empty")):
        for engine in _engine(settings, encoder):
            yield _app(settings, engine)


@pytest.fixture
def empty_client(empty_app: Flask) -> FlaskClient:
    """A client of a shop where nothing is published yet."""
    return empty_app.test_client()
