"""What operators see: health, readiness, metrics."""

import re

from flask.testing import FlaskClient

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
