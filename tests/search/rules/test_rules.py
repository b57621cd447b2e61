"""The effects of merchandisers' rules on the hits of shoppers."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, delete, func, select
from sqlalchemy.orm import Session

from search.commands.rules import rules as rules_command
from search.database.audit_trail import cli_actor, read_trail
from search.database.connection import session_scope
from search.database.models import Rule, SearchEvent
from search.engine.search_engine import SearchEngine
from search.errors import UnknownProduct, UnknownRule, UnusableRule
from search.query.rule_effects import Pin, Shift
from search.query.understanding import understand
from search.query.understood_query import UnderstoodQuery
from search.ranking.rank_candidates import rank, rows_of
from search.results import Filters, Query
from search.rules.rule import BusinessRule
from search.rules.rule_set import ResolvedRule, RuleSet
from search.rules.rule_store import RuleBook, add_rule, list_rules, remove_rule
from tests.support.candidates import columns
from tests.support.factories import make_product

VECTOR = np.array([1.0, 0.0], np.float32)


def pin(sku: str, query: str, **fields: Any) -> BusinessRule:
    return BusinessRule(
        **{"position": 1} | fields, action="pin", field="sku", value=sku, query=query
    )


def boost(field: str, value: str, **fields: Any) -> BusinessRule:
    return BusinessRule(**{"action": "boost", "weight": 0.5} | fields, field=field, value=value)


def keep(session: Session, rule: BusinessRule) -> BusinessRule:
    return add_rule(session, rule, actor="ada")


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
    first = keep(session, pin(sku, "Red  MUG"))
    second = keep(session, boost("brand", "Bryx"))
    assert list_rules(session) == [first, second]
    assert first.query == "red mug"
    remove_rule(session, first.id or 0, actor="ada")
    assert list_rules(session) == [second]
    with pytest.raises(UnknownRule):
        remove_rule(session, first.id or 0, actor="ada")
    with pytest.raises(UnknownProduct):
        keep(session, pin("NOPE", "mug"))


def test_rules_are_found_by_words_time_and_kind(database: Engine) -> None:
    now = datetime.now(UTC)
    with session_scope(database) as session:
        product, gone = make_product(session), make_product(session)
        keep(session, pin(product.sku, "red mug", position=2))
        keep(session, pin(gone.sku, "red mug"))
        gone.retired_at = now
        keep(session, boost("brand", "Bryx"))
        keep(session, boost("category", "Home", action="bury", query="lamp"))
        keep(session, boost("brand", "Old", ends_at=now - timedelta(days=1)))
        keep(session, boost("brand", "New", starts_at=now + timedelta(days=1)))
    book = RuleBook(database, "last", refresh_s=60)
    always = Shift(0.5, brand="Bryx")

    mug = book.current().apply(UnderstoodQuery(VECTOR, "text", text=" Red MUG"))
    assert mug.rules.pins == (Pin(2, product.id),)
    assert mug.extra_ids.tolist() == [product.id]
    assert (mug.rules.shifts, mug.rules.out_of_stock) == ((always,), "last")

    lamp = book.current().apply(UnderstoodQuery(VECTOR, "text", text="lamp"))
    assert (lamp.rules.pins, len(lamp.extra_ids)) == ((), 0)
    assert lamp.rules.shifts == (always, Shift(-0.5, category="Home"))
    for kind in ("photo", "both", "similar"):
        assert book.current().apply(UnderstoodQuery(VECTOR, kind, text="lamp")).rules.shifts == (
            always,
        )


def test_what_others_add_is_kept(database: Engine) -> None:
    book = RuleBook(database, "as_is", refresh_s=60)
    understood = UnderstoodQuery(VECTOR, "text", text="mug", extra_ids=np.array([4, 9]))
    assert book.current().apply(understood).extra_ids.tolist() == [4, 9]
    assert not book.current().apply(understood).rules


def test_new_rules_are_noticed_after_a_while(database: Engine) -> None:
    now = 0.0
    book = RuleBook(database, "as_is", refresh_s=2, clock=lambda: now)
    understood = UnderstoodQuery(VECTOR, "photo")
    assert not book.current().apply(understood).rules
    with session_scope(database) as session:
        keep(session, boost("brand", "Bryx"))
    now = 1.9
    assert not book.current().apply(understood).rules
    now = 2.0
    assert book.current().apply(understood).rules


def test_rows_of_products() -> None:
    held = columns([5, 5, 7, 9, 9])
    assert rows_of(held, np.array([9, 5, 1])).tolist() == [0, 1, 3, 4]
    keep = np.array([False, True, True, True, False])
    assert rows_of(held, np.array([9, 5]), keep).tolist() == [1, 3]
    assert rows_of(held, np.empty(0, np.int64)).tolist() == []


@pytest.mark.parametrize(
    ("query", "instead", "typed", "read"),
    [
        ("Trainers", "sneakers", "Red  TRAINERS", "red sneakers"),
        ("trainers", "sneakers trainers", "trainers", "sneakers trainers"),
        ("trainers", "sneakers", "Red trainersocks", "Red trainersocks"),
        ("rain coat", "mac", "a rain coat", "a mac"),
    ],
)
def test_synonyms_are_read_wherever_their_words_stand(
    query: str, instead: str, typed: str, read: str
) -> None:
    rule = BusinessRule(action="synonym", field="words", query=query, value=instead)
    assert RuleSet([ResolvedRule(rule)]).apply_synonyms(typed) == read


def test_synonyms_are_read_once_the_longest_first() -> None:
    """Synonyms are not followed in circles, and one that is not in force has no effect."""
    pairs = (("sofa", "couch"), ("couch", "sofa"), ("sofa bed", "daybed"), ("sofa", "settee"))
    rules = [BusinessRule(action="synonym", field="words", query=q, value=v) for q, v in pairs]
    over = datetime.now(UTC) - timedelta(days=1)
    rules.append(
        BusinessRule(action="synonym", field="words", query="lamp", value="light", ends_at=over)
    )
    found = RuleSet(map(ResolvedRule, rules))
    assert found.apply_synonyms("sofa bed, sofa, couch, lamp") == "daybed, couch settee, sofa, lamp"
    assert RuleSet().apply_synonyms(" As Typed ") == " As Typed "


@pytest.mark.parametrize(
    "address", ["https://shop.example/sale?x=1", "http://shop.example", "/products/A%201"]
)
def test_a_redirect_is_for_exactly_its_words(address: str) -> None:
    rule = BusinessRule(action="redirect", field="address", query="Sale", value=address)
    rules = RuleSet([ResolvedRule(rule)])
    assert rules.redirect(" SALE ") == address
    assert rules.redirect("sale now") is None
    assert rules.redirect("") is None


@pytest.mark.parametrize(
    "address",
    [
        "//elsewhere.example",
        "/\\elsewhere.example",
        "javascript:alert(1)",
        "https://",
        "https://user@elsewhere.example",
        "sale",
        "/a b",
        "/search?text=sale",
        "/search",
    ],
)
def test_a_redirect_leads_to_a_page(address: str) -> None:
    with pytest.raises(UnusableRule):
        BusinessRule(action="redirect", field="address", query="sale", value=address)


def test_drafts_are_tried_without_being_kept() -> None:
    kept = ResolvedRule(replace(boost("brand", "Bryx"), id=1))
    rules = RuleSet([kept])
    later = boost("brand", "New", starts_at=datetime.now(UTC) + timedelta(days=1))
    understood = UnderstoodQuery(VECTOR, "photo")

    assert len(rules.with_draft(ResolvedRule(later)).apply(understood).rules.shifts) == 2
    assert not rules.without_rule(1).apply(understood).rules
    assert len(rules.apply(understood).rules.shifts) == 1


def test_every_change_is_in_the_trail(session: Session) -> None:
    sku = make_product(session).sku
    kept = keep(session, pin(sku, "Mug"))
    remove_rule(session, kept.id or 0, actor="bob")
    (removed, added), total = read_trail(session, action="rule")
    said = {"action": "pin", "field": "sku", "value": sku, "query": "mug", "position": 1}
    assert total == 2
    assert (added.actor, added.action, added.details) == ("ada", "rule.add", {"after": said})
    assert (removed.actor, removed.action, removed.details) == (
        "bob",
        "rule.remove",
        {"before": said},
    )
    assert {added.subject, removed.subject} == {str(kept.id)}


@pytest.fixture
def ruled(engine: SearchEngine, monkeypatch: pytest.MonkeyPatch) -> Iterator[SearchEngine]:
    """The shop's engine, which reads rules at every query; they are deleted afterwards."""
    monkeypatch.setattr(engine, "rules", RuleBook(engine.database, "as_is", refresh_s=0))
    yield engine
    with session_scope(engine.database) as session:
        session.execute(delete(Rule))


def skus(engine: SearchEngine, query: Query) -> list[str]:
    return [hit.product.sku for hit in engine.search(query).hits]


def test_a_pinned_product_stands_first_though_nothing_resembles_it(ruled: SearchEngine) -> None:
    """It is no candidate of the index, and shown only if it passes the filters."""
    with session_scope(ruled.database) as session:
        keep(session, pin("TRAY-PINK", "Green Plate"))
    generation = ruled.generation()
    understood = understand(
        Query(text="green plate"), ruled.answering().composer, generation, ruled.database
    )
    pinned = ruled.rules.current().apply(understood).extra_ids
    found = rank(generation, understood, candidates=3).ranking.product_ids
    assert not np.isin(pinned, found).any()
    both = rank(
        generation, ruled.rules.current().apply(understood), candidates=3
    ).ranking.product_ids
    assert both.tolist() == [*pinned.tolist(), *found.tolist()]

    page = ruled.search(Query(text="green plate", k=5))
    assert page.hits[0].product.sku == "TRAY-PINK"
    assert page.hits[0].moves[-1].stage == "rules"
    green = Query(text="green plate", k=5, filters=Filters(colours=("green",)))
    assert "TRAY-PINK" not in skus(ruled, green)
    assert skus(ruled, Query(text="green cushion"))[0] != "TRAY-PINK"


def test_synonyms_find_what_their_words_find(ruled: SearchEngine) -> None:
    """Rules about the words as typed apply as well."""
    crockery = Query(text="green crockery", k=5)
    with session_scope(ruled.database) as session:
        keep(
            session,
            BusinessRule(action="synonym", field="words", query="crockery", value="plate"),
        )
    assert skus(ruled, crockery) == skus(ruled, Query(text="green plate", k=5))
    assert skus(ruled, crockery)[0] == "PLATE-GREEN"
    with session_scope(ruled.database) as session:
        keep(session, pin("TRAY-PINK", "green crockery"))
    assert skus(ruled, crockery)[0] == "TRAY-PINK"
    relevance = replace(crockery, text="green plate", stages=("fuse",))
    assert skus(ruled, replace(crockery, stages=("fuse",))) != skus(ruled, relevance)


def test_an_answer_says_where_its_words_lead(ruled: SearchEngine) -> None:
    with session_scope(ruled.database) as session:
        keep(
            session,
            BusinessRule(action="redirect", field="address", query="sale", value="/products/A"),
        )
    assert ruled.search(Query(text="Sale")).redirect == "/products/A"
    assert ruled.search(Query(text="sale plate")).redirect is None


def test_searches_of_staff_are_not_kept(ruled: SearchEngine) -> None:
    def kept() -> int:
        with session_scope(ruled.database) as session:
            return session.scalar(select(func.count()).select_from(SearchEvent)) or 0

    before = kept()
    page = ruled.search(Query(text="plate", record=False))
    alike = ruled.similar("PLATE-GREEN", record=False)
    assert (page.event_id, alike.event_id, kept()) == (None, None, before)
    ruled.search(Query(text="plate"))
    assert kept() == before + 1


def test_stock_and_brand_rules_reach_similar_products(ruled: SearchEngine) -> None:
    before = ruled.similar("PLATE-GREEN", k=100).hits
    with session_scope(ruled.database) as session:
        keep(session, boost("brand", before[0].product.brand or "", action="bury", weight=1))
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
    instead = invoke("add", "synonym", "--query", "trainers", "--words", "sneakers").stdout
    assert instead.endswith("synonym words sneakers for “trainers”\n")
    sent = invoke("add", "redirect", "--query", "sale", "--address", "https://shop.example/sale")
    assert "redirect address https://shop.example/sale for “sale”" in sent.stdout
    with session_scope(database) as session:
        trail, total = read_trail(session, action="rule.add")
    assert total == 4
    assert {entry.actor for entry in trail} == {cli_actor()}
    for line in invoke("list").stdout.splitlines()[2:]:
        assert invoke("remove", line.split(":")[0]).exit_code == 0
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
        ("synonym", "--words", "B"),
        ("synonym", "--words", "B", "--query", "A", "--weight", "1"),
        ("redirect", "--address", "B", "--query", "A"),
        ("pin", "--words", "B", "--query", "A"),
    ],
)
def test_what_is_asked_wrongly_exits_with_2(arguments: tuple[str, ...]) -> None:
    assert invoke("add", *arguments).exit_code == 2
