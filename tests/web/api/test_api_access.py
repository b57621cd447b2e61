"""Keys: what each scope may do, how refusals look, how soon a revoked key stops working."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, event, select, update

from search.database.connection import session_scope
from search.database.models import SCOPES, ApiKey
from tests.support.api_programs import another, make_key
from tests.support.staff import log_in
from tests.web.api.test_api import problem
from web.accounts.api_keys import add_key, revoke_key
from web.accounts.key_cache import MOST_KEPT, KeyRing
from web.api.documentation.openapi_document import describe
from web.state import WebState

SEARCHES = ("/api/v1/search?text=plate", "/api/v1/products/PLATE-RED")
SCOPED = (
    ("operate", "/api/v1/status"),
    ("operate", "/api/v1/jobs"),
    ("operate", "/api/v1/jobs/1"),
    ("operate", "/api/v1/generations"),
    ("merchandise", "/api/v1/rules"),
    ("catalogue", "/api/v1/changes"),
)


@pytest.mark.parametrize(("scope", "path"), SCOPED)
def test_a_scope_opens_its_own_alone(
    app: Flask, client: FlaskClient, scope: str, path: str
) -> None:
    others = [other for other in SCOPES if other != scope]
    name, wrong = make_key(app, *others)

    missing = client.get(path)
    assert scope in problem(missing, 401)["detail"]
    assert missing.headers["WWW-Authenticate"] == 'Bearer realm="findalike"'
    lacking = client.get(path, headers=wrong)
    assert name in problem(lacking, 403)["detail"]
    assert f'error="insufficient_scope", scope="{scope}"' in lacking.headers["WWW-Authenticate"]
    assert client.get(path, headers=make_key(app, scope)[1]).status_code == 200


def test_nothing_is_done_without_the_scope(app: Flask, client: FlaskClient) -> None:
    rule = {"action": "boost", "field": "brand", "value": "Nordlys", "weight": 0.1}
    _, wrong = make_key(app, "search", "operate")

    assert client.post("/api/v1/rules", json=rule).status_code == 401
    assert client.post("/api/v1/rules", json=rule, headers=wrong).status_code == 403
    assert client.delete("/api/v1/rules/1", headers=wrong).status_code == 403
    _, right = make_key(app, "merchandise")
    assert client.get("/api/v1/rules", headers=right).json["total"] == 0


@pytest.mark.parametrize(
    "given", ["Bearer fa_wrong", "bearer", "Bearer ", "Basic YTpi", "fa_wrong", "Bearer \xff"]
)
def test_a_wrong_key_is_refused_even_where_none_is_needed(client: FlaskClient, given: str) -> None:
    answer = client.get(SEARCHES[0], headers={"Authorization": given})

    problem(answer, 401)
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="findalike"')


def test_a_session_of_the_pages_opens_nothing_here(app: Flask) -> None:
    """Otherwise pages of other sites could use the session."""
    assert log_in(app, "admin").get("/api/v1/status").status_code == 401


@pytest.mark.parametrize("path", SEARCHES)
def test_searching_may_need_a_key(app: Flask, path: str) -> None:
    client = another(app, api_anonymous=False).test_client()

    assert "search" in problem(client.get(path), 401)["detail"]
    assert client.get(path, headers=make_key(app, "search")[1]).status_code == 200
    assert client.get(path, headers=make_key(app, "operate")[1]).status_code == 403


def test_pages_work_where_searching_needs_a_key(app: Flask) -> None:
    client = another(app, api_anonymous=False).test_client()

    assert client.get("/search?text=plate").status_code == 200
    click = {"event_id": 1, "sku": "PLATE-RED", "rank": 1}
    assert "consent" in problem(client.post("/api/v1/clicks", json=click), 403)["detail"]
    heat = client.get(f"/api/v1/heat?photo={'0' * 32}&image_id=1")
    assert "no longer kept" in problem(heat, 404)["detail"]
    assert client.get("/api/v1/docs").status_code == 200
    assert client.get("/api/v1/openapi.json").status_code == 200


def test_the_description_says_which_scope_is_needed() -> None:
    for anonymous in (True, False):
        paths = describe(anonymous=anonymous)["paths"]
        optional = [{}] if anonymous else []
        assert paths["/api/v1/search"]["post"]["security"] == [*optional, {"key": ["search"]}]
        assert paths["/api/v1/status"]["get"]["security"] == [{"key": ["operate"]}]
        assert paths["/api/v1/clicks"]["post"]["security"] == []
        needs_key = paths["/api/v1/status"]["get"]["responses"]
        assert {"401", "403", "429"} <= needs_key.keys()


def test_every_view_declares_its_scope(app: Flask) -> None:
    views = {name: view for name, view in app.view_functions.items() if name.startswith("api.")}

    assert len(views) > 10
    assert {getattr(view, "scope", None) for view in views.values()} == {
        "open",
        "search",
        "merchandise",
        "catalogue",
        "operate",
    }


def test_a_revoked_key_is_seen_when_the_answer_is_old(database: Engine) -> None:
    now = [0.0]
    ring = KeyRing(database, keep_s=2, clock=lambda: now[0])
    with session_scope(database) as session:
        secret = add_key(session, "feed", ["search"], actor="cli:tests")[1]
    assert ring.find(secret) is not None
    with session_scope(database) as session:
        revoke_key(session, "feed", actor="cli:tests")

    now[0] = 1.9
    assert ring.find(secret) is not None, "kept for a moment"
    now[0] = 2.0
    assert ring.find(secret) is None


def test_a_key_is_looked_up_once_in_a_while_and_its_use_written_less_often(
    database: Engine,
) -> None:
    now, statements = [0.0], []
    ring = KeyRing(database, keep_s=2, clock=lambda: now[0])
    with session_scope(database) as session:
        secret = add_key(session, "feed", ["search"], actor="cli:tests")[1]

    @event.listens_for(database, "before_cursor_execute")
    def listen(_c: object, _u: object, statement: str, *_: object) -> None:
        statements.append(statement.split(maxsplit=1)[0])

    for _ in range(5):
        ring.find(secret)
    assert statements == ["SELECT", "UPDATE"]
    now[0] = 2.0
    ring.find(secret)
    assert statements == ["SELECT", "UPDATE", "SELECT"]
    long_ago = datetime.now(UTC) - timedelta(minutes=2)
    with session_scope(database) as session:
        session.execute(update(ApiKey).values(last_used_at=long_ago))
    now[0] = 4.0
    ring.find(secret)
    with session_scope(database) as session:
        used_at = session.scalar(select(ApiKey.last_used_at))
    assert used_at is not None
    assert used_at > long_ago


def test_guessing_fills_no_memory(database: Engine) -> None:
    ring = KeyRing(database, keep_s=60)
    ring._known.update({str(n): None for n in range(MOST_KEPT)})

    assert ring.find("fa_guess") is None
    assert len(ring._known) == MOST_KEPT


def test_the_use_of_a_key_is_shown(app: Flask, client: FlaskClient) -> None:
    name, header = make_key(app, "operate")
    client.get("/api/v1/jobs", headers=header)

    state: WebState = app.extensions["findalike"]
    with session_scope(state.engine.database) as session:
        assert session.scalar(select(ApiKey.last_used_at).where(ApiKey.name == name)) is not None
