"""Rules from the merchant's hand to the shopper's page."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, delete
from sqlalchemy.orm import Session

from search.commands.rules import rules as rules_command
from search.db import session_scope
from search.engine import SearchEngine
from search.errors import UnknownProduct, UnknownRule, UnusableRule
from search.models import Rule
from search.query import understand
from search.question import Question
from search.ranking import rank, rows_of
from search.results import Filters, Query
from search.rulebook import BusinessRule, RuleBook, add_rule, list_rules, remove_rule
from search.rules import Pin, Shift
from tests.candidates import columns
from tests.factories import make_product

VECTOR = np.array([1.0, 0.0], np.float32)


def pin(sku: str, query: str, **fields: Any) -> BusinessRule:
    return BusinessRule(
        **{"position": 1} | fields, action="pin", field="sku", value=sku, query=query
    )


def boost(field: str, value: str, **fields: Any) -> BusinessRule:
    return BusinessRule(**{"action": "boost", "weight": 0.5} | fields, field=field, value=value)


@pytest.mark.parametrize(
    "fields",
    [
        {"action": "hide", "field": "sku", "value": "A", "weight": 0.1},
        {"action": "boost", "field": "colour", "value": "red", "weight": 0.1},
        {"action": "boost", "field": "brand", "value": " ", "weight": 0.1},
        {"action": "boost", "field": "brand", "value": "A"},
        {"action": "bury", "field": "brand", "value": "A", "weight": 1.5},
        {"action": "bury", "field": "brand", "value": "A", "weight": float("nan")},
        {"action": "boost", "field": "brand", "value": "A", "weight": 0.1, "position": 1},
        {"action": "pin", "field": "sku", "value": "A", "position": 1},
        {"action": "pin", "field": "sku", "value": "A", "query": "mug", "position": 0},
        {"action": "pin", "field": "sku", "value": "A", "query": "mug"},
        {"action": "pin", "field": "brand", "value": "A", "query": "mug", "position": 1},
    ],
)
def test_a_rule_that_contradicts_itself_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(UnusableRule):
        BusinessRule(**fields)


def test_the_end_must_be_after_the_start() -> None:
    now = datetime.now(UTC)
    with pytest.raises(UnusableRule, match="after the start"):
        boost("brand", "A", starts_at=now, ends_at=now)


def test_rules_are_kept_listed_and_removed(session: Session) -> None:
    sku = make_product(session).sku
    first = add_rule(session, pin(sku, "Red  MUG"))
    second = add_rule(session, boost("brand", "Bryx"))
    assert list_rules(session) == [first, second]
    assert first.query == "red mug"
    remove_rule(session, first.id or 0)
    assert list_rules(session) == [second]
    with pytest.raises(UnknownRule):
        remove_rule(session, first.id or 0)
    with pytest.raises(UnknownProduct):
        add_rule(session, pin("NOPE", "mug"))


def test_rules_are_found_by_words_time_and_kind(database: Engine) -> None:
    now = datetime.now(UTC)
    with session_scope(database) as session:
        product, gone = make_product(session), make_product(session)
        add_rule(session, pin(product.sku, "red mug", position=2))
        add_rule(session, pin(gone.sku, "red mug"))
        gone.retired_at = now
        add_rule(session, boost("brand", "Bryx"))
        add_rule(session, boost("category", "Home", action="bury", query="lamp"))
        add_rule(session, boost("brand", "Old", ends_at=now - timedelta(days=1)))
        add_rule(session, boost("brand", "New", starts_at=now + timedelta(days=1)))
    book = RuleBook(database, "last", refresh_s=60)
    always = Shift(0.5, brand="Bryx")

    mug = book.apply(Question(VECTOR, "text", text=" Red MUG"))
    assert mug.rules.pins == (Pin(2, product.id),)
    assert mug.also.tolist() == [product.id]
    assert (mug.rules.shifts, mug.rules.out_of_stock) == ((always,), "last")

    lamp = book.apply(Question(VECTOR, "text", text="lamp"))
    assert (lamp.rules.pins, len(lamp.also)) == ((), 0)
    assert lamp.rules.shifts == (always, Shift(-0.5, category="Home"))
    for kind in ("photo", "both", "similar"):
        assert book.apply(Question(VECTOR, kind, "lamp")).rules.shifts == (always,)


def test_what_others_add_is_kept(database: Engine) -> None:
    book = RuleBook(database, "as_is", refresh_s=60)
    question = Question(VECTOR, "text", text="mug", also=np.array([4, 9]))
    assert book.apply(question).also.tolist() == [4, 9]
    assert not book.apply(question).rules


def test_new_rules_are_noticed_after_a_while(database: Engine) -> None:
    now = 0.0
    book = RuleBook(database, "as_is", refresh_s=2, clock=lambda: now)
    question = Question(VECTOR, "photo")
    assert not book.apply(question).rules
    with session_scope(database) as session:
        add_rule(session, boost("brand", "Bryx"))
    now = 1.9
    assert not book.apply(question).rules
    now = 2.0
    assert book.apply(question).rules


def test_rows_of_products() -> None:
    held = columns([5, 5, 7, 9, 9])
    assert rows_of(held, np.array([9, 5, 1])).tolist() == [0, 1, 3, 4]
    keep = np.array([False, True, True, True, False])
    assert rows_of(held, np.array([9, 5]), keep).tolist() == [1, 3]
    assert rows_of(held, np.empty(0, np.int64)).tolist() == []


@pytest.fixture
def ruled(engine: SearchEngine, monkeypatch: pytest.MonkeyPatch) -> Iterator[SearchEngine]:
    """The shop's engine, reading rules at every query; they are deleted afterwards."""
    monkeypatch.setattr(engine, "rules", RuleBook(engine.database, "as_is", refresh_s=0))
    yield engine
    with session_scope(engine.database) as session:
        session.execute(delete(Rule))


def skus(engine: SearchEngine, query: Query) -> list[str]:
    return [hit.product.sku for hit in engine.search(query).hits]


def test_a_pinned_product_stands_first_though_nothing_resembles_it(ruled: SearchEngine) -> None:
    """It is no candidate of the index, and passes the filters or is not shown."""
    with session_scope(ruled.database) as session:
        add_rule(session, pin("TRAY-PINK", "Green Plate"))
    generation = ruled.live.current()
    question = understand(Query(text="green plate"), ruled.composer, generation, ruled.database)
    pinned = ruled.rules.apply(question).also
    found = rank(generation, question, candidates=3).ranking.product_ids
    assert not np.isin(pinned, found).any()
    both = rank(generation, ruled.rules.apply(question), candidates=3).ranking.product_ids
    assert both.tolist() == [*pinned.tolist(), *found.tolist()]

    page = ruled.search(Query(text="green plate", k=5))
    assert page.hits[0].product.sku == "TRAY-PINK"
    assert page.hits[0].moves[-1].stage == "rules"
    green = Query(text="green plate", k=5, filters=Filters(colours=("green",)))
    assert "TRAY-PINK" not in skus(ruled, green)
    assert skus(ruled, Query(text="green cushion"))[0] != "TRAY-PINK"


def test_stock_and_brand_rules_reach_similar_products(ruled: SearchEngine) -> None:
    before = ruled.similar("PLATE-GREEN", k=100).hits
    with session_scope(ruled.database) as session:
        add_rule(session, boost("brand", before[0].product.brand or "", action="bury", weight=1))
    after = ruled.similar("PLATE-GREEN", k=100).hits
    assert after[0].product.brand != before[0].product.brand
    assert {h.product.sku for h in after} == {h.product.sku for h in before}


def invoke(*arguments: str) -> Any:
    return CliRunner().invoke(rules_command, arguments)


def test_the_command_line(database: Engine) -> None:
    with session_scope(database) as session:
        sku = make_product(session).sku
    assert "no rule" in invoke("list").stdout
    added = json.loads(invoke("add", "pin", "--sku", sku, "--query", "Red mug", "--json").stdout)
    assert (added["position"], added["query"]) == (1, "red mug")
    ends = ("--starts", "2026-12-01", "--ends", "2026-12-24T18:00:00")
    told = invoke("add", "boost", "--brand", "Bryx", *ends).stdout
    assert "by 0.3 for all queries, from 2026-12-01 00:00 UTC, until 2026-12-24 18:00 UTC" in told
    found = json.loads(invoke("list", "--json").stdout)["rules"]
    assert [rule["action"] for rule in found] == ["pin", "boost"]
    assert invoke("remove", str(added["id"])).exit_code == 0
    assert invoke("list").stdout.count("\n") == 1
    assert isinstance(invoke("remove", str(added["id"])).exception, UnknownRule)


@pytest.mark.parametrize(
    "arguments",
    [
        ("boost",),
        ("boost", "--sku", "A", "--brand", "B"),
        ("pin", "--sku", "A"),
        ("boost", "--brand", "B", "--weight", "2"),
        ("hide", "--brand", "B"),
    ],
)
def test_what_is_asked_wrongly_exits_with_2(arguments: tuple[str, ...]) -> None:
    assert invoke("add", *arguments).exit_code == 2
