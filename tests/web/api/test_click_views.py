"""Clicks over HTTP: only with consent, and only on hits that were shown."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, select

from search.database.connection import session_scope
from search.database.models import Click, Product
from search.engine.search_engine import SearchEngine
from web.errors import PROBLEM_JSON

CLICKS = "/api/v1/clicks"


@pytest.fixture
def agreeing(app: Flask, engine: SearchEngine) -> Iterator[FlaskClient]:
    """A client whose shopper consented; the clicks are deleted afterwards."""
    client = app.test_client()
    client.set_cookie("clicks", "yes")
    yield client
    with session_scope(engine.database) as session:
        session.execute(delete(Click))


def shown(client: FlaskClient) -> dict[str, Any]:
    """Search; return the click on the second hit."""
    found = client.post("/api/v1/search", json={"text": "red plate"}).json
    second = found["hits"][1]
    return {
        "event_id": found["event_id"],
        "sku": second["product"]["sku"],
        "rank": second["rank"],
    }


def recorded(engine: SearchEngine) -> list[tuple[int, str, int]]:
    with session_scope(engine.database) as session:
        joined = select(Click.search_event_id, Product.sku, Click.rank).join(
            Product, Product.id == Click.product_id
        )
        return [tuple(row) for row in session.execute(joined)]


def test_a_click_is_recorded_once(agreeing: FlaskClient, engine: SearchEngine) -> None:
    click = shown(agreeing)
    assert agreeing.post(CLICKS, json=click).json == {"recorded": True}
    assert agreeing.post(CLICKS, json=click).json == {"recorded": False}
    assert recorded(engine) == [(click["event_id"], click["sku"], 2)]


@pytest.mark.parametrize(
    ("cookie", "headers"),
    [
        (None, {}),
        ("no", {}),
        ("yes; no", {}),
        ("yes", {"DNT": "1"}),
        ("yes", {"Sec-GPC": "1"}),
    ],
)
def test_nothing_is_recorded_without_consent(
    client: FlaskClient, engine: SearchEngine, cookie: str | None, headers: dict[str, str]
) -> None:
    click = shown(client)
    if cookie is not None:
        client.set_cookie("clicks", cookie)
    refused = client.post(CLICKS, json=click, headers=headers)
    assert refused.status_code == 403
    assert refused.content_type == PROBLEM_JSON
    assert recorded(engine) == []


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"event_id": 10**12}, 404),
        ({"sku": "NOPE"}, 404),
        ({"rank": 1}, 409),
        ({"rank": 0}, 422),
        ({"event_id": 2**63}, 422),
        ({"user": "me"}, 422),
    ],
)
def test_what_was_not_shown_is_refused(
    agreeing: FlaskClient, engine: SearchEngine, change: dict[str, Any], status: int
) -> None:
    refused = agreeing.post(CLICKS, json=shown(agreeing) | change)
    assert refused.status_code == status, refused.text
    assert refused.content_type == PROBLEM_JSON
    assert recorded(engine) == []


def test_another_body_than_json_is_refused(agreeing: FlaskClient) -> None:
    assert agreeing.post(CLICKS, data="x", content_type="text/plain").status_code == 415
    assert agreeing.post(CLICKS, data=shown(agreeing)).status_code == 415
