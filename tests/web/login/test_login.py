"""Logging in and out: who sees which page, how long a session lasts, forged requests."""

import pytest
from flask import Flask

from search.database.connection import session_scope
from tests.support.staff import PASSWORD, log_in, log_in_as, make_account, token_of
from web.accounts.account_store import add_account, remove_account, set_password
from web.state import WebState

PAGES = {"merchandiser": "/studio", "operator": "/ops"}


@pytest.mark.parametrize("path", PAGES.values())
def test_staff_pages_ask_to_log_in_and_lead_back(app: Flask, path: str) -> None:
    client = app.test_client()
    sent = client.get(f"{path}?a=1")
    assert sent.status_code == 303
    assert sent.location == f"/login?next={path}?a%3D1"
    make_account(app, "admin")
    token = token_of(client, sent.location)
    fields = {"csrf_token": token, "name": "admin", "password": PASSWORD}
    back = client.post(sent.location, data=fields)
    assert back.location == f"{path}?a=1"
    assert client.get(back.location).status_code == 200


@pytest.mark.parametrize("role", PAGES)
def test_a_role_sees_its_own_pages_alone(app: Flask, role: str) -> None:
    client = log_in(app, role)
    for theirs, path in PAGES.items():
        assert client.get(path).status_code == (200 if theirs == role else 403)


def test_a_wrong_password_is_refused_and_says_nothing_of_the_account(app: Flask) -> None:
    client = app.test_client()
    make_account(app, "operator")
    token = token_of(client, "/login")
    answers = [
        client.post("/login", data={"csrf_token": token, "name": name, "password": "wrong"})
        for name in ("operator", "nobody-of-this-name")
    ]
    assert [answer.status_code for answer in answers] == [403, 403]
    assert answers[0].text.count("is wrong") == answers[1].text.count("is wrong") == 1
    log_in(app, "operator")


@pytest.mark.parametrize(
    "next_page", ["https://evil.example/", "//evil.example", "/\\evil.example"]
)
def test_login_leads_to_no_other_site(app: Flask, next_page: str) -> None:
    client = app.test_client()
    make_account(app, "operator")
    fields = {"name": "operator", "password": PASSWORD, "csrf_token": token_of(client, "/login")}
    sent = client.post("/login", query_string={"next": next_page}, data=fields)
    assert sent.location == "/ops"


def test_a_form_without_its_token_is_refused(app: Flask) -> None:
    client = log_in(app, "operator")
    assert client.post("/logout").status_code == 400
    assert client.get("/ops").status_code == 200


def test_logging_out_ends_the_session(app: Flask) -> None:
    client = log_in(app, "operator")
    gone = client.post("/logout", data={"csrf_token": token_of(client, "/ops")})
    assert gone.location == "/login"
    assert client.get("/ops").status_code == 303


def test_staff_pages_are_kept_by_nobody(app: Flask) -> None:
    assert log_in(app, "operator").get("/ops").headers["Cache-Control"] == "private, no-store"


def test_another_password_or_no_account_ends_sessions(app: Flask) -> None:
    state: WebState = app.extensions["findalike"]
    with session_scope(state.engine.database) as session:
        add_account(session, "gone", "operator", PASSWORD)
    client = log_in_as(app, "gone")
    assert client.get("/ops").status_code == 200
    with session_scope(state.engine.database) as session:
        set_password(session, "gone", "another horse battery")
    assert client.get("/ops").status_code == 303
    with session_scope(state.engine.database) as session:
        remove_account(session, "gone")
    assert client.get("/ops").status_code == 303


def test_the_password_page_changes_it_and_stays_logged_in(app: Flask) -> None:
    state: WebState = app.extensions["findalike"]
    with session_scope(state.engine.database) as session:
        add_account(session, "paula", "operator", PASSWORD)
    client = log_in_as(app, "paula")
    token = token_of(client, "/password")
    wrong = {"csrf_token": token, "present": "wrong", "chosen": "another horse battery"}
    assert client.post("/password", data=wrong).status_code == 403
    short = {"csrf_token": token, "present": PASSWORD, "chosen": "short"}
    assert client.post("/password", data=short).status_code == 422
    right = {"csrf_token": token, "present": PASSWORD, "chosen": "another horse battery"}
    assert client.post("/password", data=right).status_code == 303
    assert "Your password is changed" in client.get("/ops").text


@pytest.mark.parametrize(("scheme", "secure"), [("http", False), ("https", True)])
def test_session_cookies_over_https_never_travel_without_it(
    app: Flask, scheme: str, secure: bool
) -> None:
    client = app.test_client()
    client.get("/login", base_url=f"{scheme}://localhost")
    cookie = client.get_cookie("session")
    assert cookie is not None
    assert cookie.secure is secure
    assert cookie.http_only
