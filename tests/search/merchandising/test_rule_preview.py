"""The preview shows what a rule would do, without saving it."""

from collections.abc import Iterator

import pytest
from sqlalchemy import delete, func, select

from search.database.connection import session_scope
from search.database.models import Rule, SearchEvent
from search.engine.search_engine import SearchEngine
from search.errors import UnknownProduct, UnknownRule
from search.merchandising.rule_preview import PreviewSide, preview_adding, preview_removing
from search.results import Query
from search.rules.rule import BusinessRule
from search.rules.rule_store import add_rule

PIN = BusinessRule(action="pin", field="sku", value="TRAY-PINK", query="green plate", position=2)


@pytest.fixture
def shop(engine: SearchEngine) -> Iterator[SearchEngine]:
    """The shop's engine; rules that a test saves are deleted afterwards."""
    yield engine
    with session_scope(engine.database) as session:
        session.execute(delete(Rule))


def skus(side: PreviewSide) -> list[str]:
    return [place.hit.product.sku for place in side.places]


def count(engine: SearchEngine, table: type[Rule] | type[SearchEvent]) -> int:
    with session_scope(engine.database) as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_a_draft_is_shown_beside_what_is(shop: SearchEngine) -> None:
    live = [hit.product.sku for hit in shop.search(Query(text="green plate", k=12)).hits]
    events = count(shop, SearchEvent)

    shown = preview_adding(shop, "green plate", PIN)

    assert shown.changes
    assert skus(shown.before) == live
    assert skus(shown.after)[1] == "TRAY-PINK"
    second = shown.after.places[1]
    assert second.move in ("up", "new")
    assert shown.after.places[0].move == "same"
    assert shown.after.places[2].move == "down"
    assert shown.before.places[1].other_rank == 3
    assert (count(shop, Rule), count(shop, SearchEvent)) == (0, events)
    assert [h.product.sku for h in shop.search(Query(text="green plate", k=12)).hits] == live


def test_synonyms_and_redirects_show_what_they_do(shop: SearchEngine) -> None:
    synonym = BusinessRule(action="synonym", field="words", query="crockery", value="plate")
    shown = preview_adding(shop, "green crockery", synonym)
    assert (shown.before.read_as, shown.after.read_as) == (None, "green plate")
    assert skus(shown.after)[0] == "PLATE-GREEN"

    sale = BusinessRule(action="redirect", field="address", query="sale", value="/products/A")
    shown = preview_adding(shop, "sale", sale)
    assert (shown.before.redirect, shown.after.redirect) == (None, "/products/A")
    assert shown.changes
    assert skus(shown.before) == skus(shown.after)
    assert not preview_adding(shop, "plate", sale).changes


def test_removing_is_shown_before_it_is_done(shop: SearchEngine) -> None:
    with session_scope(shop.database) as session:
        kept = add_rule(session, PIN, actor="ada")
    shown = preview_removing(shop, "green plate", kept.id or 0)
    assert skus(shown.before)[1] == "TRAY-PINK"
    assert "TRAY-PINK" not in skus(shown.after)[:2]
    assert count(shop, Rule) == 1


def test_what_is_not_there_can_not_be_tried(shop: SearchEngine) -> None:
    nobody = BusinessRule(action="boost", field="sku", value="NOPE", weight=0.5)
    with pytest.raises(UnknownProduct):
        preview_adding(shop, "plate", nobody)
    with pytest.raises(UnknownRule):
        preview_removing(shop, "plate", 10**9)
