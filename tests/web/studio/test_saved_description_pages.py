"""Saved descriptions in the studio: adding, marking, running, comparing, the file."""

import csv
import io
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, select

from search.database.audit_trail import read_trail
from search.database.connection import session_scope
from search.database.models import SavedDescription, SavedJudgement, SearchEvent, SuiteRun
from search.engine.search_engine import SearchEngine
from tests.support.staff import log_in, token_of


@pytest.fixture
def mia(app: Flask, engine: SearchEngine) -> Iterator[FlaskClient]:
    """A merchandiser's client; saved descriptions are removed afterwards."""
    yield log_in(app, "merchandiser")
    with session_scope(engine.database) as session:
        for table in (SavedDescription, SuiteRun):
            session.execute(delete(table))


def post(client: FlaskClient, path: str, **fields: str) -> str:
    """Send a form with its token, and follow the redirect."""
    fields["csrf_token"] = token_of(client, "/studio/saved")
    answer = client.post(path, data=fields, follow_redirects=True)
    assert answer.status_code == 200, answer.text
    return answer.text


def save(client: FlaskClient, engine: SearchEngine, text: str = "red plate") -> str:
    """Save a description; return the address of its page."""
    post(client, "/studio/saved", text=text)
    with session_scope(engine.database) as session:
        found = session.scalars(select(SavedDescription.id).order_by(SavedDescription.id.desc()))
        return f"/studio/saved/{found.first()}"


def test_saving_leads_to_marking_what_is_found_now(mia: FlaskClient, engine: SearchEngine) -> None:
    page = post(mia, "/studio/saved", text=" Red  Round Plate ")

    assert "“red round plate”" in page
    assert "PLATE-RED" in page
    assert 'aria-pressed="true"' not in page
    with session_scope(engine.database) as session:
        [added] = read_trail(session, action="saved.add", limit=1)[0]
        assert (added.actor, added.details) == ("merchandiser", {"text": "red round plate"})


def test_an_empty_description_is_explained(mia: FlaskClient) -> None:
    assert "up to 200 characters" in post(mia, "/studio/saved", text="  ")


def test_marking_by_button_and_by_sku(mia: FlaskClient, engine: SearchEngine) -> None:
    path = save(mia, engine)
    page = post(mia, f"{path}/marks", sku="PLATE-RED", mark="right", place="1")
    assert page.count('aria-pressed="true"') == 1
    page = post(mia, f"{path}/marks", sku="TRAY-BLACK", mark="wrong")
    assert "PLATE-RED · at place 1</span>" in page
    page = post(mia, f"{path}/marks", sku="PLATE-RED", mark="none")
    assert "PLATE-RED · at place 1</span>" not in page
    with session_scope(engine.database) as session:
        assert [row.right for row in session.scalars(select(SavedJudgement))] == [False]


def test_an_unknown_sku_and_another_mark(mia: FlaskClient, engine: SearchEngine) -> None:
    path = save(mia, engine)
    assert "NOPE" in post(mia, f"{path}/marks", sku="NOPE", mark="right")
    token = token_of(mia, path)
    odd = mia.post(f"{path}/marks", data={"csrf_token": token, "sku": "PLATE-RED", "mark": "so"})
    assert odd.status_code == 400
    assert mia.get("/studio/saved/999999").status_code == 404


def test_a_run_shows_results_changes_and_a_file(mia: FlaskClient, engine: SearchEngine) -> None:
    path = save(mia, engine)
    assert "nothing marked" in mia.get("/studio/saved").text
    assert "No description has products" in post(mia, "/studio/saved/run")
    post(mia, f"{path}/marks", sku="PLATE-RED", mark="right")
    post(mia, "/studio/saved/run")
    with session_scope(engine.database) as session:
        [first] = session.scalars(select(SuiteRun))
        [described] = first.report["descriptions"]
        worse = {**described, "found": 0, "first": 20}
        first.report = {**first.report, "generation": 0, "descriptions": [worse]}
    page = post(mia, "/studio/saved/run")

    assert "against generation 0" in page
    assert '<span class="mark good">Better</span>' in page
    assert "from 20" in page
    rows = list(csv.DictReader(io.StringIO(mia.get("/studio/saved.csv").text.lstrip("\ufeff"))))
    assert [(row["description"], row["first_right_at"], row["change"]) for row in rows] == [
        ("red plate", "1", "better")
    ]
    assert "Worse" not in mia.get(f"/studio/saved?run={first.id}").text
    assert mia.get("/studio/saved?run=999999").status_code == 404


def test_marking_is_no_shoppers_search(mia: FlaskClient, engine: SearchEngine) -> None:
    path = save(mia, engine)
    with session_scope(engine.database) as session:
        before = session.query(SearchEvent).count()
    mia.get(path)
    with session_scope(engine.database) as session:
        assert session.query(SearchEvent).count() == before


def test_removing(mia: FlaskClient, engine: SearchEngine) -> None:
    path = save(mia, engine)
    assert "is removed" in post(mia, f"{path}/remove")
    assert mia.get(path).status_code == 404


def test_operators_do_not_mark(app: Flask) -> None:
    assert log_in(app, "operator").get("/studio/saved").status_code == 403
