"""What operators see: health, readiness, metrics."""

import re
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from search.engine import SearchEngine
from search.settings import Settings
from web import create_app
from web.errors import PROBLEM_JSON


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
def mismatched(shop_settings: Settings, engine: SearchEngine) -> FlaskClient:
    """A client where FINDALIKE_MODEL was changed after the index was built."""

    class OtherEncoder:
        """A model that is never asked: its tag is enough to refuse."""

        tag = "ViT-B-32-laion2b_s34b_b79k-0123456789ab"

        def encode_texts(self, texts: list[str]) -> np.ndarray[Any, np.dtype[np.float32]]:
            return np.ones((len(texts), 1), dtype=np.float32)

    other: Any = OtherEncoder()
    app = create_app(
        shop_settings, SearchEngine(engine.database, engine.live, other, shop_settings)
    )
    return app.test_client()


def test_another_models_index_is_refused_with_the_way_out(
    mismatched: FlaskClient, engine: SearchEngine
) -> None:
    answers = [
        mismatched.post("/api/v1/search", json={"text": "plate"}),
        mismatched.get("/api/v1/products/TRAY-PINK/similar"),
        mismatched.get("/readyz"),
    ]

    for answer in answers:
        assert answer.status_code == 503
        assert answer.json["type"] == "urn:findalike:problem:model-mismatch"
        for part in (engine.encoder.tag, "ViT-B-32", "FINDALIKE_MODEL", "findalike reindex"):
            assert part in answer.json["detail"]


def test_shoppers_are_not_told_about_models(mismatched: FlaskClient) -> None:
    page = mismatched.get("/search?text=plate")

    assert page.status_code == 503
    assert "FINDALIKE_MODEL" not in page.text
    assert "try again" in page.text
