"""Clicks: what is recorded, what is refused, and what they say about relevance."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from indexer.nightly.retention import forget_old_events
from search.commands.judgements import judgements
from search.database.connection import session_scope
from search.database.models import Click, Product, SearchEvent
from search.errors import NotShown, UnknownEvent, UnknownProduct
from search.evaluation.judged_queries import load_judged
from search.traffic.clicks import clicked_texts, record_click
from tests.support.factories import make_product


def make_event(
    session: Session, products: list[Product], text: str = "red mug", **fields: object
) -> SearchEvent:
    """Add a search that showed these products on its first page."""
    shown = [[product.id, 0.5, rank] for rank, product in enumerate(products, 1)]
    values = {"kind": "text", "text": text, "filters": {}, "page": 1, "total": len(products)}
    event = SearchEvent(**{**values, "shown": shown, "elapsed_ms": 1.0, **fields})
    session.add(event)
    session.flush()
    return event


def count(session: Session) -> int:
    return session.scalars(select(func.count(Click.id))).one()


def test_a_click_is_recorded_once_for_each_event_and_product(session: Session) -> None:
    products = [make_product(session) for _ in range(3)]
    first, second = make_event(session, products), make_event(session, products)
    assert record_click(session, first.id, products[1].sku, 2)
    assert not record_click(session, first.id, products[1].sku, 2)
    assert record_click(session, first.id, products[2].sku, 3)
    assert record_click(session, second.id, products[1].sku, 2)
    assert count(session) == 3


def test_what_was_not_shown_is_refused(session: Session) -> None:
    shown, other = make_product(session), make_product(session)
    event = make_event(session, [shown])
    with pytest.raises(NotShown, match="rank 1"):
        record_click(session, event.id, other.sku, 1)
    with pytest.raises(NotShown):
        record_click(session, event.id, shown.sku, 2)
    with pytest.raises(UnknownProduct):
        record_click(session, event.id, "NOPE", 1)
    with pytest.raises(UnknownEvent, match="recent answer"):
        record_click(session, event.id + 1, shown.sku, 1)
    assert count(session) == 0


def test_as_many_clicks_say_less_of_what_stood_first(session: Session) -> None:
    """Hits at rank 1 are opened every other time, this one every tenth time, as at rank 5."""
    seldom, wanted, first = (make_product(session) for _ in range(3))
    fillers = [make_product(session) for _ in range(3)]
    for number in range(40):
        asked = make_event(session, [seldom, *fillers, wanted], "Red   MUG")
        elsewhere = make_event(session, [first, *fillers, seldom], "blue lamp")
        if number % 10 == 0:
            record_click(session, asked.id, seldom.sku, 1)
            record_click(session, asked.id, wanted.sku, 5)
        if number % 10 != 1:
            record_click(session, elsewhere.id, first.sku, 1)
    judged = {each.text: each for each in clicked_texts(session)}
    assert judged["red mug"].skus == (wanted.sku,)
    assert judged["red mug"].clicks == 4
    assert judged["blue lamp"].skus == (first.sku,)


def test_few_clicks_say_nothing(session: Session) -> None:
    products = [make_product(session) for _ in range(6)]
    for rank in (5, 5, 6):
        event = make_event(session, products)
        record_click(session, event.id, products[rank - 1].sku, rank)
    assert [each.skus for each in clicked_texts(session)] == [(products[4].sku,)]
    assert clicked_texts(session, min_clicks=3) == []
    both = clicked_texts(session, min_clicks=1)[0]
    assert set(both.skus) == {products[4].sku, products[5].sku}


def test_only_texts_of_the_time_asked_for_are_judged(session: Session) -> None:
    products = [make_product(session) for _ in range(5)]
    old = datetime.now(UTC) - timedelta(days=10)
    for event in (
        make_event(session, products, "old", created_at=old),
        make_event(session, products, "new"),
        make_event(session, products, None, kind="photo"),  # type: ignore[arg-type]
        make_event(session, products, products[0].sku, kind="similar"),
    ):
        record_click(session, event.id, products[4].sku, 5)
    assert [e.text for e in clicked_texts(session, min_clicks=1)] == ["new", "old"]
    assert [e.text for e in clicked_texts(session, since_days=9, min_clicks=1)] == ["new"]


def test_retired_products_are_left_out(session: Session) -> None:
    products = [make_product(session) for _ in range(5)]
    record_click(session, make_event(session, products).id, products[4].sku, 5)
    products[4].retired_at = datetime.now(UTC)
    session.flush()
    assert clicked_texts(session, min_clicks=1) == []


def test_exported_judgements_are_what_evaluate_reads(database: Engine, tmp_path: Path) -> None:
    with session_scope(database) as session:
        products = [make_product(session) for _ in range(5)]
        skus = [product.sku for product in products]
        for _ in range(2):
            event = make_event(session, products, 'mug, "large"')
            for rank in (4, 5):
                record_click(session, event.id, skus[rank - 1], rank)
    out = tmp_path / "texts.csv"
    done = CliRunner().invoke(judgements, ["--out", str(out), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == {"out": str(out), "texts": 1, "clicks": 4}
    [judged] = load_judged(out)
    assert (judged.kind, judged.text) == ("text", 'mug, "large"')
    assert set(judged.skus) == set(skus[3:])
    told = CliRunner().invoke(judgements, ["--out", str(out), "--since", "1"]).stdout
    assert "Searches by photo are not among them." in told


def test_old_events_go_with_their_clicks(database: Engine, tmp_path: Path) -> None:
    with session_scope(database) as session:
        product = make_product(session)
        sku = product.sku
        for days in (100, 89):
            long_ago = datetime.now(UTC) - timedelta(days=days)
            event = make_event(session, [product], created_at=long_ago)
            record_click(session, event.id, sku, 1)
            kept = event.id
    assert forget_old_events(database, tmp_path, older_than_days=90) == 1
    with session_scope(database) as session:
        assert session.scalars(select(SearchEvent.id)).all() == [kept]
        assert session.scalars(select(Click.search_event_id)).all() == [kept]
