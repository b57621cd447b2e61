"""The admin's pages: accounts and keys, changed by forms with tokens."""

import html
import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete

from search.database.audit_trail import read_trail
from search.database.connection import session_scope
from search.database.models import Account, ApiKey, AuditEntry
from tests.support.staff import PASSWORD, log_in, token_of
from web.accounts.account_store import MAX_FAILURES, add_account, authenticate, list_accounts
from web.state import WebState

SECRET = re.compile(r'<code id="secret">([^<]+)</code>')


@pytest.fixture
def state(app: Flask) -> Iterator[WebState]:
    """The shop with only the accounts, keys and entries that the test makes."""
    state: WebState = app.extensions["findalike"]

    def clear() -> None:
        with session_scope(state.engine.database) as session:
            for table in (Account, ApiKey, AuditEntry):
                session.execute(delete(table))

    clear()
    yield state
    clear()


@pytest.fixture
def admin(app: Flask, state: WebState) -> FlaskClient:
    return log_in(app, "admin")


def post(client: FlaskClient, path: str, **fields: object) -> tuple[int, str]:
    """Send a form of the accounts page; return the address that it leads to, and the text there."""
    token = token_of(client, "/people")
    answer = client.post(path, data={"csrf_token": token, **fields}, follow_redirects=False)
    if answer.status_code == 303:
        answer = client.get(answer.location)
        assert answer.status_code == 200
    return answer.status_code, html.unescape(answer.text)


def changes(state: WebState) -> list[tuple[str, str, str]]:
    with session_scope(state.engine.database) as session:
        entries, _ = read_trail(session)
    return [(entry.actor, entry.action, entry.subject) for entry in reversed(entries)]


@pytest.mark.parametrize("path", ["/people", "/people/keys", "/people/audit", "/people/audit.csv"])
def test_admins_alone_see_the_pages(app: Flask, admin: FlaskClient, path: str) -> None:
    assert admin.get(path).status_code == 200
    assert app.test_client().get(path).status_code == 303
    assert log_in(app, "operator").get(path).status_code == 403


@pytest.mark.parametrize("path", ["/people", "/people/keys", "/people/admin/remove"])
def test_a_form_without_its_token_is_refused(
    admin: FlaskClient, state: WebState, path: str
) -> None:
    assert admin.post(path, data={"name": "mia", "role": "admin"}).status_code == 400
    assert changes(state) == []


def test_a_new_account_gets_a_password_that_is_shown_once(
    app: Flask, admin: FlaskClient, state: WebState
) -> None:
    status, page = post(admin, "/people", name="Mia", role="merchandiser")

    assert status == 200
    shown = SECRET.search(page)
    assert shown is not None
    assert shown[1] not in admin.get("/people").text
    with session_scope(state.engine.database) as session:
        found = authenticate(session, "mia", shown[1])
    assert found is not None
    assert found.role == "merchandiser"
    assert changes(state) == [("admin", "account.add", "mia")]


def test_what_cannot_be_an_account_is_said_and_kept_in_the_form(admin: FlaskClient) -> None:
    status, page = post(admin, "/people", name="mia mia", role="operator")

    assert status == 400
    assert "no usable name" in page
    assert 'value="mia mia"' in page
    assert '<option value="operator" selected>' in page
    assert post(admin, "/people", name="admin", role="operator")[0] == 400
    assert post(admin, "/people", name="mia", role="king")[0] == 400


def test_roles_passwords_and_locks_are_changed(admin: FlaskClient, state: WebState) -> None:
    with session_scope(state.engine.database) as session:
        add_account(session, "mia", "merchandiser", PASSWORD)
        for _ in range(MAX_FAILURES):
            authenticate(session, "mia", "wrong")
    assert "locked until" in admin.get("/people").text

    assert "mia may log in again" in post(admin, "/people/mia/unlock")[1]
    with session_scope(state.engine.database) as session:
        assert authenticate(session, "mia", PASSWORD) is not None
    assert "mia is operator now" in post(admin, "/people/mia/role", role="operator")[1]
    shown = SECRET.search(post(admin, "/people/mia/password")[1])
    assert shown is not None
    with session_scope(state.engine.database) as session:
        assert authenticate(session, "mia", PASSWORD) is None
        assert authenticate(session, "mia", shown[1]) is not None
    assert "mia can't log in" in post(admin, "/people/mia/remove")[1]
    assert [action for _, action, _ in changes(state)] == [
        "account.unlock",
        "account.role",
        "account.password",
        "account.remove",
    ]


@pytest.mark.parametrize("change", ["unlock", "role", "password", "remove"])
def test_who_is_not_there_can_not_be_changed(
    admin: FlaskClient, state: WebState, change: str
) -> None:
    status, page = post(admin, f"/people/nobody/{change}", role="admin")

    assert status == 404
    assert "no account nobody" in page
    assert changes(state) == []


def test_the_last_admin_stays(admin: FlaskClient, state: WebState) -> None:
    for path, fields in (("remove", {}), ("role", {"role": "operator"})):
        status, page = post(admin, f"/people/admin/{path}", **fields)
        assert status == 400
        assert "last admin" in page
    with session_scope(state.engine.database) as session:
        assert [account.role for account in list_accounts(session)] == ["admin"]


def test_who_removes_oneself_is_out(admin: FlaskClient, state: WebState) -> None:
    with session_scope(state.engine.database) as session:
        add_account(session, "eve", "admin", PASSWORD)

    _, page = post(admin, "/people/admin/remove")

    assert "Log in" in page
    assert "admin can't log in any more" in page
    assert admin.get("/people").status_code == 303


def test_who_gives_up_the_role_sees_the_new_roles_pages(
    admin: FlaskClient, state: WebState
) -> None:
    with session_scope(state.engine.database) as session:
        add_account(session, "eve", "admin", PASSWORD)
    token = token_of(admin, "/people")

    sent = admin.post("/people/admin/role", data={"csrf_token": token, "role": "operator"})

    assert sent.location == "/login"
    assert admin.get("/login").location == "/ops"
    assert "admin is operator now" in admin.get("/ops").text


def test_a_key_is_shown_once_works_and_ends(
    app: Flask, admin: FlaskClient, state: WebState
) -> None:
    status, page = post(admin, "/people/keys", name="Feed", scope=["operate", "search"])

    shown = SECRET.search(page)
    assert status == 200
    assert shown is not None
    header = {"Authorization": f"Bearer {shown[1]}"}
    assert app.test_client().get("/api/v1/jobs", headers=header).status_code == 200
    listed = admin.get("/people/keys").text
    assert shown[1] not in listed
    assert "feed" in listed
    assert "Revoke feed" in listed
    _, page = post(admin, "/people/keys/feed/revoke")
    assert "opens nothing any more" in page
    assert "Revoke feed" not in page
    assert post(admin, "/people/keys/feed/revoke")[0] == 400
    assert post(admin, "/people/keys/nothing/revoke")[0] == 404
    assert changes(state) == [("admin", "key.add", "feed"), ("admin", "key.revoke", "feed")]


def test_what_cannot_be_a_key_is_said(admin: FlaskClient, state: WebState) -> None:
    status, page = post(admin, "/people/keys", name="feed")

    assert status == 400
    assert "one or more of the scopes" in page
    assert post(admin, "/people/keys", name="feed", scope="everything")[0] == 400
    assert post(admin, "/people/keys", name="<b>", scope="search")[0] == 400
    assert changes(state) == []
