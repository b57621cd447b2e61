"""Endpoints for operators: health, readiness, metrics."""

import re
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine

from search.encoder import Encoder
from search.engine.search_engine import open_search_engine
from search.settings import Settings
from tests.support.factories import clustered_vectors
from tests.support.written_generations import make_live, write_generation
from web import create_app
from web.errors import PROBLEM_JSON

OTHER = "embedded-0123456789ab"
"""A model tag that no model has."""


def test_alive_even_without_an_index(client: FlaskClient, empty_client: FlaskClient) -> None:
    assert client.get("/healthz").json == {"status": "alive"}
    assert empty_client.get("/healthz").status_code == 200


def test_ready_once_everything_answers(client: FlaskClient, empty_client: FlaskClient) -> None:
    ready = client.get("/readyz")
    not_yet = empty_client.get("/readyz")

    assert ready.json["status"] == "ready"
    assert ready.json["generation_id"] > 0
    assert ready.json["model_tag"]
    assert not_yet.status_code == 503
    assert not_yet.content_type == PROBLEM_JSON


def test_metrics_count_requests_and_steps(client: FlaskClient) -> None:
    def value(name: str) -> float:
        text = client.get("/metrics").text
        found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
        return float(found[1]) if found else 0.0

    searches = 'findalike_searches_total{kind="text"}'
    requests = 'findalike_requests_total{method="POST",route="/api/v1/search",status="200"}'
    before = value(searches), value(requests)

    client.post("/api/v1/search", json={"text": "plate"})

    assert (value(searches), value(requests)) == (before[0] + 1, before[1] + 1)
    for step in ("encode", "candidates", "hydrate"):
        assert value(f'findalike_search_step_seconds_count{{step="{step}"}}') > 0
    assert value("findalike_live_generation") == client.get("/readyz").json["generation_id"]


def test_unknown_addresses_share_one_route(client: FlaskClient) -> None:
    client.get("/wp-login.php")
    client.open("/", method="BREW")

    text = client.get("/metrics").text

    assert "wp-login" not in text
    assert "BREW" not in text
    assert 'route="none",status="404"' in text


@pytest.fixture
def mismatched(database: Engine, settings: Settings, encoder: Encoder) -> Iterator[FlaskClient]:
    """A client of a process that started after the files of the index's model changed."""
    vectors = clustered_vectors(20, encoder.dim)
    write_generation(settings.root / "generations" / "g", vectors, model_tag=OTHER)
    make_live(database, "g")
    engine = open_search_engine(settings)
    yield create_app(settings, engine).test_client()
    engine.close()


def test_a_changed_model_is_refused_with_the_way_out(
    mismatched: FlaskClient, encoder: Encoder
) -> None:
    answers = [
        mismatched.post("/api/v1/search", json={"text": "plate"}),
        mismatched.get("/api/v1/products/TRAY-PINK/similar"),
        mismatched.get("/readyz"),
    ]

    for answer in answers:
        assert answer.status_code == 503
        assert answer.json["type"] == "urn:findalike:problem:model-mismatch"
        for part in (encoder.tag, OTHER, "findalike reindex"):
            assert part in answer.json["detail"]


def test_shoppers_are_not_told_about_models(mismatched: FlaskClient) -> None:
    page = mismatched.get("/search?text=plate")

    assert page.status_code == 503
    assert OTHER not in page.text
    assert "try again" in page.text
