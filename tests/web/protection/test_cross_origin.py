"""Pages of other sites may use only the API, only if they are named, and never with cookies."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support.api_programs import another

SITE = "https://shop.example"
PRODUCT = "/api/v1/products/PLATE-RED"
FROM_SITE = {"Origin": SITE}


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return another(app, cors_origins=(SITE, "http://localhost:3000")).test_client()


def test_a_named_site_may_read_the_answer(client: FlaskClient) -> None:
    answer = client.get(PRODUCT, headers=FROM_SITE)

    assert answer.headers["Access-Control-Allow-Origin"] == SITE
    assert "Access-Control-Allow-Credentials" not in answer.headers
    exposed = set(answer.headers["Access-Control-Expose-Headers"].split(", "))
    assert {"Link", "RateLimit", "Retry-After", "ETag"} <= exposed
    assert "Origin" in answer.headers["Vary"]


def test_it_may_read_refusals_too(client: FlaskClient) -> None:
    answer = client.get("/api/v1/status", headers=FROM_SITE)

    assert answer.status_code == 401
    assert answer.headers["Access-Control-Allow-Origin"] == SITE


def test_it_may_send_a_key(client: FlaskClient) -> None:
    asked = {"Access-Control-Request-Method": "POST"}
    asked |= {"Access-Control-Request-Headers": "authorization, content-type"}
    answer = client.options("/api/v1/rules", headers=FROM_SITE | asked)

    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == SITE
    assert "authorization" in answer.headers["Access-Control-Allow-Headers"].lower()
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]


@pytest.mark.parametrize("origin", ["https://evil.example", "https://shop.example.evil", "null"])
def test_others_may_not(client: FlaskClient, origin: str) -> None:
    answer = client.get(PRODUCT, headers={"Origin": origin})

    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("path", ["/", "/login", "/search?text=plate", "/healthz"])
def test_pages_are_not_shared(client: FlaskClient, path: str) -> None:
    assert "Access-Control-Allow-Origin" not in client.get(path, headers=FROM_SITE).headers


def test_without_the_setting_nobody_may(app: Flask) -> None:
    answer = app.test_client().get(PRODUCT, headers=FROM_SITE)

    assert "Access-Control-Allow-Origin" not in answer.headers
