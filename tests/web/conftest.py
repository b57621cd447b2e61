"""The application over the tests' small shop."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.engine import URL
from werkzeug.test import TestResponse

from search.encoder import Encoder
from search.engine.search_engine import SearchEngine
from search.settings import Settings
from tests.conftest import open_engine, own_settings
from web import create_app


class Client(FlaskClient):
    """A client that reads responses at once, so that sent files are closed."""

    def open(self, *args: object, **options: object) -> TestResponse:
        """Send a request, and read the whole response."""
        options.setdefault("buffered", True)
        return super().open(*args, **options)  # type: ignore[arg-type]


def _app(settings: Settings, engine: SearchEngine) -> Flask:
    app = create_app(settings, engine)
    app.test_client_class = Client
    app.add_url_rule("/broken", "broken", lambda: 1 / 0)  # how a fault of ours looks
    return app


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
    for settings in own_settings(postgres_server, tmp_path_factory.mktemp("empty")):
        for engine in open_engine(settings, encoder):
            yield _app(settings, engine)


@pytest.fixture
def empty_client(empty_app: Flask) -> FlaskClient:
    """A client of a shop where nothing is published yet."""
    return empty_app.test_client()
