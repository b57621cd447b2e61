"""Folding of variants: a shop with a family of three, its pages, and the API's switch."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.engine import URL

from indexer.building.build_generation import build_generation
from indexer.encode_jobs.encode_control import encode_all
from indexer.ingest.ingest_run import ingest
from search.database.connection import session_scope
from search.database.models import SearchEvent
from search.encoder import Encoder
from search.engine.search_engine import SearchEngine
from search.publication.publishing import publish
from search.query.understanding import understand
from search.ranking.rank_candidates import rank
from search.results import Query
from tests.conftest import open_engine, own_settings
from tests.support.shops.plain_shop import draw
from web import create_app

SHOP = (
    ("F-RED", "Red round plate", "Plate", "red"),
    ("F-GREEN", "Green round plate", "Plate", "green"),
    ("F-BLUE", "Round plate in blue", "Plate", "blue"),
    ("OTHER", "Red linen cushion", "Cushion", "red"),
)


@pytest.fixture(scope="module")
def engine(
    postgres_server: URL, tmp_path_factory: pytest.TempPathFactory, encoder: Encoder
) -> Iterator[SearchEngine]:
    """The engine over the family and another product."""
    folder = tmp_path_factory.mktemp("family")
    lines = ["sku,title,category,image,brand,colour,price"]
    for sku, title, thing, colour in SHOP:
        draw(thing, colour).save(folder / f"{sku}.png")
        lines.append(f"{sku},{title},Home,{sku}.png,Nordlys,{colour},12.50")
    (folder / "catalogue.csv").write_text("\n".join(lines), encoding="utf-8")
    for settings in own_settings(postgres_server, folder / "home"):
        for engine in open_engine(settings, encoder):
            ingest(engine.database, Path(folder / "catalogue.csv"), settings)
            encode_all(engine.database, settings, encoder)
            built = build_generation(engine.database, settings, encoder)
            publish(engine.database, settings, built)
            yield engine


@pytest.fixture
def client(engine: SearchEngine) -> FlaskClient:
    return create_app(engine.settings, engine).test_client()


def test_a_family_takes_one_place_by_its_best_member(engine: SearchEngine) -> None:
    page = engine.search(Query(photo=draw("Plate", "green", turn=2)))
    assert page.total == len(page.hits) == 2
    assert page.hits[0].product.sku == "F-GREEN"
    assert {card.sku for card in page.hits[0].variants} == {"F-RED", "F-BLUE"}
    assert page.hits[1].variants == ()
    assert sum(value.count for value in page.facets["brand"]) == len(SHOP)


def test_the_order_that_is_judged_is_not_folded(engine: SearchEngine) -> None:
    generation = engine.generation()
    understood = understand(
        Query(text="plate"), engine.answering().composer, generation, engine.database
    )
    assert len(rank(generation, understood, candidates=50).ranking) == len(SHOP)


def test_shown_variants_can_be_clicked(engine: SearchEngine, client: FlaskClient) -> None:
    found = client.post("/api/v1/search", json={"text": "green round plate"}).json
    with session_scope(engine.database) as session:
        event = session.scalars(
            select(SearchEvent).where(SearchEvent.id == found["event_id"])
        ).one()
    assert len(event.shown) == len(SHOP)
    hit = next(hit for hit in found["hits"] if hit["variants"])
    client.set_cookie("clicks", "yes")
    click = {"event_id": event.id, "sku": hit["variants"][1]["sku"], "rank": hit["rank"]}
    assert client.post("/api/v1/clicks", json=click).json == {"recorded": True}


def test_folding_can_be_switched_off(client: FlaskClient) -> None:
    unfolded = client.post("/api/v1/search", json={"text": "plate", "fold": False}).json
    assert unfolded["total"] == len(SHOP)
    assert all(hit["variants"] == [] for hit in unfolded["hits"])
    address = "/api/v1/products/F-RED/similar"
    assert [h["product"]["sku"] for h in client.get(address).json["hits"]] == ["OTHER"]
    assert client.get(f"{address}?fold=false").json["total"] == len(SHOP) - 1


def test_pages_show_the_other_colours(client: FlaskClient) -> None:
    results = client.get("/search?text=plate").text
    assert results.count('class="card" data-sku') == 2
    assert results.count('class="card-variants"') == 1
    product = client.get("/products/F-RED").text
    assert "More colours" in product
    assert "/products/F-GREEN" in product
    assert "/products/F-BLUE" in product
    assert "More colours" not in client.get("/products/OTHER").text
