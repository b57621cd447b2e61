"""A page shows one generation, even if another is published while the page is made."""

import gc
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.engine import URL

from indexer.building.build_generation import build_generation
from indexer.encode_jobs.encode_control import encode_all
from indexer.ingest.ingest_run import ingest
from search.database.connection import session_scope
from search.database.models import Product
from search.encoder import Encoder
from search.engine.search_engine import SearchEngine
from search.live.answering_generation import HeldGeneration
from search.live.model_pairing import ServedGeneration
from search.publication.publishing import publish
from search.results import SearchPage
from tests.conftest import open_engine, own_settings
from tests.support.shops.plain_shop import draw
from tests.support.staff import log_in
from web import create_app
from web.shop.filter_column import ChoiceGroup, choice_groups
from web.state import WebState
from web.studio import catalogue_pages

SHOP = (
    ("F-RED", "Red round plate", "Plate", "red"),
    ("F-GREEN", "Green round plate", "Plate", "green"),
    ("F-BLUE", "Blue round plate", "Plate", "blue"),
    ("OTHER", "Red linen cushion", "Cushion", "red"),
)


@pytest.fixture
def engine(postgres_server: URL, tmp_path: Path, encoder: Encoder) -> Iterator[SearchEngine]:
    """The engine over a first generation, in which three plates are variants of each other."""
    lines = ["sku,title,category,image,brand,colour,price"]
    for sku, title, thing, colour in SHOP:
        draw(thing, colour).save(tmp_path / f"{sku}.png")
        lines.append(f"{sku},{title},Home,{sku}.png,Nordlys,{colour},12.50")
    (tmp_path / "catalogue.csv").write_text("\n".join(lines), encoding="utf-8")
    for settings in own_settings(postgres_server, tmp_path / "home"):
        for engine in open_engine(settings, encoder):
            ingest(engine.database, tmp_path / "catalogue.csv", settings)
            encode_all(engine.database, settings, encoder)
            publish(engine.database, settings, build_generation(engine.database, settings, encoder))
            engine.live.refresh()
            yield engine


@pytest.fixture
def app(engine: SearchEngine) -> Flask:
    return create_app(engine.settings, engine)


@pytest.fixture
def publish_next(engine: SearchEngine) -> Callable[[], None]:
    """Publish a second generation, in which the blue plate is no variant of the others."""
    with session_scope(engine.database) as session:
        blue = session.scalars(select(Product).where(Product.sku == "F-BLUE")).one()
        blue.title = "Wall ornament of glass"
    second = build_generation(engine.database, engine.settings, engine.answering().encoder)

    def publish_next() -> None:
        publish(engine.database, engine.settings, second)
        engine.live.refresh()
        assert engine.generation().id == second

    return publish_next


@pytest.fixture
def answered_by(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The generation that answered each part of a request, in order."""
    ids: list[int] = []
    answering = SearchEngine.answering

    def noting(engine: SearchEngine) -> ServedGeneration:
        served = answering(engine)
        if isinstance(engine.live, HeldGeneration):  # not the queries of publishing
            ids.append(served.generation.id)
        return served

    monkeypatch.setattr(SearchEngine, "answering", noting)
    return ids


def after_first_search(
    app: Flask, monkeypatch: pytest.MonkeyPatch, step: Callable[[], None]
) -> None:
    """Do something once, right after the first search of a request."""
    state: WebState = app.extensions["findalike"]
    observe, steps = state.metrics.observe_search, [step]

    def observe_and_step(page: SearchPage) -> None:
        observe(page)
        if steps:
            steps.pop()()

    monkeypatch.setattr(state.metrics, "observe_search", observe_and_step)


def test_a_product_page_is_of_one_generation(
    app: Flask,
    engine: SearchEngine,
    publish_next: Callable[[], None],
    answered_by: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With two, the blue plate would be neither a variant nor among the similar products."""
    first, gone = engine.generation().id, weakref.ref(engine.generation().index)
    after_first_search(app, monkeypatch, publish_next)
    client = app.test_client()

    page = client.get("/products/F-RED?text=plate").text
    variants, similar = page.split('id="similar"')
    assert 'data-sku="F-BLUE"' in variants
    assert 'data-sku="F-BLUE"' not in similar
    assert "Why this" in page
    assert answered_by == [first] * 3  # similar products, variants, explanation
    assert engine.generation().id != first

    variants, similar = client.get("/products/F-RED?text=plate").text.split('id="similar"')
    assert 'data-sku="F-BLUE"' not in variants
    assert 'data-sku="F-BLUE"' in similar
    gc.collect()
    assert gone() is None, "the request has let go of its generation"


def test_the_studio_is_of_one_generation(
    app: Flask,
    engine: SearchEngine,
    publish_next: Callable[[], None],
    answered_by: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Products marked as not indexed are missing from the generation that was searched."""
    client, first = log_in(app, "merchandiser"), engine.generation().id

    def publish_and_list(*listed: Any) -> list[ChoiceGroup]:
        publish_next()
        return choice_groups(*listed)

    monkeypatch.setattr(catalogue_pages, "choice_groups", publish_and_list)
    assert client.get("/studio?text=plate").status_code == 200
    assert answered_by == [first] * 2  # the search, and which of its products are indexed
    assert engine.generation().id != first
