"""Rules in the studio: previewed, saved, listed, removed."""

import csv
import io
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete
from werkzeug.test import TestResponse

from search.database.connection import session_scope
from search.database.models import Rule
from search.engine.search_engine import SearchEngine
from search.rules.rule import BusinessRule
from search.rules.rule_store import add_rule, list_rules
from tests.support.staff import log_in, token_of

NEW = "/studio/rules/new"


@pytest.fixture
def studio(app: Flask, engine: SearchEngine) -> Iterator[FlaskClient]:
    """A merchandiser's client; rules are deleted afterwards."""
    yield log_in(app, "merchandiser")
    with session_scope(engine.database) as session:
        session.execute(delete(Rule))


def send(client: FlaskClient, **fields: str) -> TestResponse:
    return client.post(NEW, data={"csrf_token": token_of(client, NEW)} | fields)


def kept(engine: SearchEngine) -> list[BusinessRule]:
    with session_scope(engine.database) as session:
        return list_rules(session)


DRAFTS = {
    "pin": {"query": "green plate", "sku": "TRAY-PINK", "position": "2"},
    "boost": {"query": "plate", "about": "brand", "named": "Nordlys", "weight": "1"},
    "bury": {"query": "", "about": "category", "named": "Home > Tableware", "weight": "0.5"},
    "synonym": {"query": "crockery", "words": "plate"},
    "redirect": {"query": "sale", "address": "https://shop.example/sale"},
}
"""A draft of each action."""


@pytest.mark.parametrize("action", DRAFTS)
def test_every_action_is_tried_before_it_is_kept(
    studio: FlaskClient, engine: SearchEngine, action: str
) -> None:
    draft = DRAFTS[action] | {"action": action}
    sample = {"sample": "green plate"} if action == "bury" else {}
    tried = send(studio, **draft, **sample, preview="1")
    assert tried.status_code == 200
    assert "before and after" in tried.text
    assert tried.text.count('class="place ') == 24
    assert ("Nothing changes" in tried.text) is False
    assert kept(engine) == []

    answer = send(studio, **draft)
    assert (answer.status_code, answer.location) == (303, "/studio/rules")
    (rule,) = kept(engine)
    assert rule.action == action
    page = studio.get("/studio/rules").text
    assert f"Rule {rule.id} is kept" in page
    assert rule.value.replace(">", "&gt;") in page
    assert "in force" in page
    assert "merchandiser <span" in page


def test_what_contradicts_itself_is_refused_and_not_lost(
    studio: FlaskClient, engine: SearchEngine
) -> None:
    for fields, said in (
        ({"action": "pin", "query": "mug", "sku": "NOPE"}, "NOPE"),
        ({"action": "pin", "query": "mug", "sku": "TRAY-PINK", "position": "0"}, "between 1 and"),
        ({"action": "redirect", "query": "mug", "address": "nowhere"}, "begins with https://"),
        ({"action": "synonym", "words": "plate"}, "say which"),
        ({"action": "boost", "about": "brand", "named": "", "weight": "0.3"}, "which brand"),
        ({"action": "hide", "query": "mug"}, "Not a valid choice"),
        (
            {"action": "bury", "named": "A", "starts_at": "2026-12-02T10:00",
             "ends_at": "2026-12-01T10:00"},
            "after the start",
        ),
    ):  # fmt: skip
        answer = send(studio, **fields)
        assert answer.status_code == 422
        assert said in answer.text
        assert f'value="{fields.get("query", "")}"' in answer.text
    assert kept(engine) == []


def test_a_rule_about_all_queries_needs_one_to_be_tried_on(studio: FlaskClient) -> None:
    tried = send(studio, **DRAFTS["bury"], action="bury", preview="1")
    assert "Give a query to try it on" in tried.text


def test_times_are_utc_and_say_whether_a_rule_is_in_force(
    studio: FlaskClient, engine: SearchEngine
) -> None:
    send(studio, **DRAFTS["boost"], action="boost", starts_at="2090-01-01T08:00")
    send(studio, **DRAFTS["boost"], action="bury", ends_at="2020-01-01T08:00")
    first, second = kept(engine)
    assert first.starts_at is not None
    assert first.starts_at.isoformat() == "2090-01-01T08:00:00+00:00"
    page = studio.get("/studio/rules").text
    assert page.index(">over<") < page.index(">not yet<"), "the newest stands first"
    assert second.id


def test_removal_is_shown_first_and_done_by_a_form(
    studio: FlaskClient, engine: SearchEngine
) -> None:
    send(studio, **DRAFTS["pin"], action="pin")
    (rule,) = kept(engine)
    path = f"/studio/rules/{rule.id}/removal"
    page = studio.get(path).text
    assert "With the rule in force" in page
    assert "TRAY-PINK" in page
    assert "on another query" not in page
    other = studio.get(f"{path}?sample=yellow").text
    assert "“yellow”, before and after" in other
    assert len(kept(engine)) == 1

    done = f"/studio/rules/{rule.id}/remove"
    assert studio.get(done).status_code == 405
    answer = studio.post(done, data={"csrf_token": token_of(studio, path)})
    assert answer.status_code == 303
    assert kept(engine) == []
    assert studio.get(path).status_code == 404
    token = token_of(studio, NEW)
    assert studio.post(done, data={"csrf_token": token}).status_code == 404


def test_rules_as_a_file(studio: FlaskClient, engine: SearchEngine) -> None:
    with session_scope(engine.database) as session:
        rule = BusinessRule(action="bury", field="brand", value="=cmd()", weight=0.5)
        add_rule(session, rule, actor="cli:ada")
    answer = studio.get("/studio/rules.csv")
    (row,) = csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig")))
    assert (row["action"], row["value"], row["weight"]) == ("bury", "'=cmd()", "0.5")
    assert (row["state"], row["added by"]) == ("in force", "cli:ada")


def test_a_query_or_a_product_begins_a_rule(studio: FlaskClient) -> None:
    page = studio.get(f"{NEW}?query=red+mug&sku=TRAY-PINK").text
    assert 'value="red mug"' in page
    assert 'value="TRAY-PINK"' in page
