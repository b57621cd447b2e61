"""Rules through the API: added, listed in pages, removed, each in the audit trail."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete

from search.database.audit_trail import read_trail
from search.database.connection import session_scope
from search.database.models import Rule
from tests.support.api_programs import make_key
from tests.web.api.test_api import problem
from web.state import WebState

RULES = "/api/v1/rules"
PIN = {"action": "pin", "field": "sku", "value": "PLATE-RED", "query": "Blue  Tray", "position": 1}
BURY = {"action": "bury", "field": "brand", "value": "Nordlys", "weight": 0.2}


@pytest.fixture
def state(app: Flask) -> Iterator[WebState]:
    state: WebState = app.extensions["findalike"]
    yield state
    with session_scope(state.engine.database) as session:
        session.execute(delete(Rule))


@pytest.fixture
def key(app: Flask) -> tuple[str, dict[str, str]]:
    return make_key(app, "merchandise")


def test_a_rule_is_added_listed_and_removed(
    client: FlaskClient, state: WebState, key: tuple[str, dict[str, str]]
) -> None:
    name, header = key
    added = client.post(RULES, json=PIN, headers=header)

    assert added.status_code == 201
    rule = added.json
    assert (rule["query"], rule["position"], rule["weight"]) == ("blue tray", 1, None)
    listed = client.get(RULES, headers=header).json
    assert (listed["rules"], listed["total"], listed["pages"]) == ([rule], 1, 1)
    removed = client.delete(f"{RULES}/{rule['id']}", headers=header)
    assert (removed.status_code, removed.text) == (204, "")
    assert client.get(RULES, headers=header).json["rules"] == []
    problem(client.delete(f"{RULES}/{rule['id']}", headers=header), 404)
    with session_scope(state.engine.database) as session:
        entries, _ = read_trail(session, actor=f"key:{name}")
    assert [(e.action, e.subject) for e in reversed(entries)] == [
        ("rule.add", str(rule["id"])),
        ("rule.remove", str(rule["id"])),
    ]
    assert entries[1].details["after"] == {**PIN, "query": "blue tray"}
    assert entries[0].details["before"] == entries[1].details["after"]


@pytest.mark.usefixtures("state")
def test_rules_come_in_pages(client: FlaskClient, key: tuple[str, dict[str, str]]) -> None:
    _, header = key
    for _ in range(5):
        assert client.post(RULES, json=BURY, headers=header).status_code == 201

    first = client.get(f"{RULES}?k=2", headers=header)
    assert first.headers["Link"] == (
        f'<{RULES}?k=2&page=1>; rel="first", <{RULES}?k=2&page=2>; rel="next", '
        f'<{RULES}?k=2&page=3>; rel="last"'
    )
    last = client.get(f"{RULES}?k=2&page=3", headers=header)
    assert len(last.json["rules"]) == 1
    assert 'rel="next"' not in last.headers["Link"]
    beyond = client.get(f"{RULES}?k=2&page=9", headers=header)
    assert beyond.json["rules"] == []
    assert f'<{RULES}?k=2&page=3>; rel="prev"' in beyond.headers["Link"]
    problem(client.get(f"{RULES}?page=0", headers=header), 422)
    problem(client.get(f"{RULES}?pages=2", headers=header), 422)


@pytest.mark.usefixtures("state")
@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"action": "praise"}, 400),
        ({"position": 0}, 400),
        ({"query": ""}, 400),
        ({"value": "NO-SUCH-SKU"}, 404),
        ({"value": ""}, 422),
        ({"starts_at": "2026-01-01T00:00:00"}, 422),
        ({"colour": "red"}, 422),
    ],
)
def test_unusable_rules_are_refused(
    client: FlaskClient, key: tuple[str, dict[str, str]], change: dict[str, Any], status: int
) -> None:
    problem(client.post(RULES, json=PIN | change, headers=key[1]), status)
    assert client.get(RULES, headers=key[1]).json["total"] == 0
