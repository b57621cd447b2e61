"""The audit trail as a page and as a file: filters, pages, values before and after."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete

from search.database.audit_trail import AuditView, record_change, trail_names
from search.database.connection import session_scope
from search.database.models import AuditEntry
from tests.support.staff import log_in
from web.people import audit_pages
from web.people.audit_pages import ChangedField, differences
from web.state import WebState


@pytest.fixture
def admin(app: Flask) -> Iterator[FlaskClient]:
    """An admin's client, and an audit trail of three entries."""
    state: WebState = app.extensions["findalike"]
    with session_scope(state.engine.database) as session:
        session.execute(delete(AuditEntry))
        record_change(session, "mia", "rule.add", 7, {"after": {"value": "=1+1"}})
        record_change(
            session,
            "ada",
            "account.role",
            "tom <b>",
            {"before": {"role": "operator"}, "after": {"role": "admin"}},
        )
        record_change(session, "mia", "rules.import", "file", {"rows": 12})
    yield log_in(app, "admin")
    with session_scope(state.engine.database) as session:
        session.execute(delete(AuditEntry))


def shown(page: str) -> list[str]:
    """Return the actions on a page, in order."""
    return [part.split("<")[0] for part in page.split('<a href="/people/audit?action=')[1:]]


def actions(client: FlaskClient, **fields: str) -> list[str]:
    page = client.get("/people/audit", query_string=fields)
    assert page.status_code == 200
    return [part.partition('">')[0] for part in shown(page.text)]


def test_the_newest_comes_first(admin: FlaskClient) -> None:
    assert actions(admin) == ["rules.import", "account.role", "rule.add"]
    page = admin.get("/people/audit").text
    assert "<del>operator</del>" in page
    assert "<ins>admin</ins>" in page
    assert "tom &lt;b&gt;" in page


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"actor": "mia"}, ["rules.import", "rule.add"]),
        ({"action": "rule"}, ["rule.add"]),
        ({"action": "account.role"}, ["account.role"]),
        ({"subject": " 7 "}, ["rule.add"]),
        ({"actor": "ada", "action": "rule"}, []),
    ],
)
def test_filters(admin: FlaskClient, fields: dict[str, str], found: list[str]) -> None:
    assert actions(admin, **fields) == found
    rows = list(csv.reader(io.StringIO(admin.get("/people/audit.csv", query_string=fields).text)))
    assert [row[3] for row in rows[1:]] == found


def test_pages(admin: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_pages, "PER_PAGE", 1)

    assert actions(admin, actor="mia", page="2") == ["rule.add"]
    page = admin.get("/people/audit?actor=mia").text
    assert "Page 1 of 2" in page
    assert "/people/audit?actor=mia&amp;page=2" in page
    assert admin.get("/people/audit?page=0").status_code == 422


def test_the_file_is_whole_and_harmless(
    admin: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_pages, "ROWS_PER_READ", 1)
    answer = admin.get("/people/audit.csv?actor=mia")

    assert answer.mimetype == "text/csv"
    assert 'filename="changes.csv"' in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff"))))
    assert [row["action"] for row in rows] == ["rules.import", "rule.add"]
    assert rows[0]["details"] == '{"rows": 12}'
    assert rows[1]["after"] == '{"value": "=1+1"}'
    assert (rows[1]["who"], rows[1]["what"], rows[1]["before"]) == ("mia", "7", "")


def test_names_are_offered(admin: FlaskClient, app: Flask) -> None:
    state: WebState = app.extensions["findalike"]
    with session_scope(state.engine.database) as session:
        actors, kinds = trail_names(session)
    assert actors == ["ada", "mia"]
    assert kinds == ["account.role", "rule.add", "rules.import"]
    assert '<option value="account.role">' in admin.get("/people/audit").text


@pytest.mark.parametrize(
    ("details", "said"),
    [
        ({}, []),
        ({"before": {"a": 1, "b": 2}, "after": {"a": 1, "b": 3}}, [("b", "2", "3")]),
        ({"after": {"scopes": ["search", "operate"]}}, [("scopes", None, "search, operate")]),
        ({"before": "red", "after": "blue"}, [("value", "red", "blue")]),
        ({"generation": 4}, [("generation", None, "4")]),
    ],
)
def test_what_changed_is_said(
    details: dict[str, object], said: list[tuple[str, str | None, str | None]]
) -> None:
    entry = AuditView(1, "ada", "x.y", "z", details, datetime.now(UTC))

    assert differences(entry) == [ChangedField(*each) for each in said]
