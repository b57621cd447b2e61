"""The query path over a small real shop: real PostgreSQL, real encoder, real index."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import select

from indexer.building.build_generation import build_generation
from search.database.connection import session_scope
from search.database.models import Product, SearchEvent
from search.engine.search_engine import SearchEngine
from search.errors import UnknownProduct, UnusableQuery
from search.publication.publishing import publish
from search.query.understanding import understand
from search.ranking.rank_candidates import rank
from search.results import Box, Filters, Query
from search.settings import Settings
from tests.support.shops.plain_shop import PRODUCTS, draw


def skus(engine: SearchEngine, query: Query) -> list[str]:
    """Return the skus found, best first."""
    return [hit.product.sku for hit in engine.search(query).hits]


def test_a_photo_finds_its_product_first(engine: SearchEngine) -> None:
    assert skus(engine, Query(photo=draw("Plate", "red", turn=3)))[0] == "PLATE-RED"


def test_words_find_what_they_name(engine: SearchEngine) -> None:
    found = skus(engine, Query(text="a blue cushion"))
    assert any(sku.endswith("-BLUE") for sku in found[:3])


def test_words_change_a_photo(engine: SearchEngine) -> None:
    """The same plate in green ranks better than for the photo alone."""
    photo = draw("Plate", "red", turn=3)
    alone = skus(engine, Query(photo=photo, k=100))
    changed = skus(engine, Query(photo=photo, text="green", k=100))
    assert changed.index("PLATE-GREEN") < alone.index("PLATE-GREEN")


def test_a_box_is_what_counts(engine: SearchEngine) -> None:
    both = Image.new("RGB", (480, 240), "#f4f2ee")
    both.paste(draw("Plate", "red"), (0, 0))
    both.paste(draw("Pennant", "blue"), (240, 0))
    assert skus(engine, Query(photo=both, box=Box(0, 0, 0.5, 1)))[0] == "PLATE-RED"
    assert skus(engine, Query(photo=both, box=Box(0.5, 0, 0.5, 1)))[0] == "PENNANT-BLUE"


def test_a_product_appears_once_by_its_best_picture(engine: SearchEngine) -> None:
    page = engine.search(Query(photo=draw("Plate", "red", turn=20), k=100, fold=False))
    found = [hit.product.sku for hit in page.hits]
    assert len(found) == len(set(found)) == page.total == len(PRODUCTS)
    first = page.hits[0]
    assert first.image_id in first.product.image_ids
    if first.product.sku == "PLATE-RED":
        assert first.image_id == first.product.image_ids[1]  # the turned picture


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(colours=("RED",)), {p.sku for p in PRODUCTS if p.colour == "red"}),
        (
            Filters(categories=("home > tableware",)),
            {p.sku for p in PRODUCTS if p.category.startswith("Home > Tableware")},
        ),
        (Filters(brands=("nordlys",)), {p.sku for p in PRODUCTS if p.brand == "Nordlys"}),
        (Filters(in_stock=False), {p.sku for p in PRODUCTS if not p.in_stock}),
        (
            Filters(min_price_cents=2000, max_price_cents=2250),
            {p.sku for p in PRODUCTS if p.price and 20 <= float(p.price) <= 22.5},
        ),
        (Filters(colours=("red",), brands=("nobody",)), set()),
    ],
)
def test_filters_keep_exactly_what_they_say(
    engine: SearchEngine, filters: Filters, expected: set[str]
) -> None:
    page = engine.search(Query(text="something", filters=filters, k=100, fold=False))
    assert {hit.product.sku for hit in page.hits} == expected
    assert page.total == len(expected)


def test_paging_is_stable_and_complete(engine: SearchEngine) -> None:
    whole = skus(engine, Query(text="red thing", k=100))
    paged: list[str] = []
    for number in range(1, 6):
        page = engine.search(Query(text="red thing", k=6, page=number))
        assert [hit.rank for hit in page.hits] == list(
            range(len(paged) + 1, len(paged) + 1 + len(page.hits))
        )
        paged += [hit.product.sku for hit in page.hits]
    assert paged == whole
    assert engine.search(Query(text="red thing", k=6, page=99)).hits == ()


def test_facets_count_what_was_found(engine: SearchEngine) -> None:
    nordlys = Filters(brands=("Nordlys",))
    page = engine.search(Query(text="plate", filters=nordlys, k=100, fold=False))
    assert [(v.value, v.count) for v in page.facets["brand"]] == [("Nordlys", page.total)]
    assert sum(v.count for v in page.facets["colour"]) == page.total


def test_each_query_leaves_an_event(engine: SearchEngine) -> None:
    page = engine.search(Query(text="blue tray", filters=Filters(in_stock=True), k=3, page=2))
    with session_scope(engine.database) as session:
        event = session.scalars(select(SearchEvent).where(SearchEvent.id == page.event_id)).one()
    assert (event.kind, event.text, event.page) == ("text", "blue tray", 2)
    assert event.filters == {"in_stock": True}
    assert [product for product, _, _ in event.shown] == [h.product.product_id for h in page.hits]
    assert event.generation_id == page.generation_id


def test_similar_leaves_the_product_itself_out(engine: SearchEngine) -> None:
    page = engine.similar("PLATE-RED", k=100, fold=False)
    found = [hit.product.sku for hit in page.hits]
    assert "PLATE-RED" not in found
    assert len(found) == len(PRODUCTS) - 1
    assert found[0].startswith("PLATE") or found[0].endswith("RED")


def test_an_unknown_sku_is_an_error(engine: SearchEngine) -> None:
    with pytest.raises(UnknownProduct, match="NOPE"):
        engine.similar("NOPE")
    with pytest.raises(UnknownProduct):
        engine.product("NOPE")


@pytest.mark.parametrize(
    "query",
    [
        Query(),
        Query(text="  "),
        Query(text="x" * 2001),
        Query(text="a\x00b"),
        Query(text="lamp", k=0),
        Query(text="lamp", k=1001),
        Query(text="lamp", page=0),
        Query(text="lamp", stages=("nonsense",)),
    ],
)
def test_nonsense_is_refused(engine: SearchEngine, query: Query) -> None:
    with pytest.raises(UnusableQuery):
        engine.search(query)


def test_odd_text_is_harmless(engine: SearchEngine) -> None:
    for text in ("'; DROP TABLE product; --", "مصباح", "🛋️", '"(&|!)"', "%_\\"):
        assert engine.search(Query(text=text)).hits


def test_the_query_vector_is_of_unit_length(engine: SearchEngine) -> None:
    photo = draw("Tray", "pink")
    for query in (Query(photo=photo), Query(text="pink"), Query(photo=photo, text="blue")):
        generation = engine.generation()
        vector = understand(query, engine.answering().composer, generation, engine.database).vector
        assert float(vector @ vector) == pytest.approx(1, abs=1e-4)


def test_an_unwanted_colour_is_left_out_of_texts_and_photos(engine: SearchEngine) -> None:
    photo = draw("Plate", "red")
    for query in (
        Query(text="plate, not red", k=100),
        Query(photo=photo, text="not red", k=100),
        Query(photo=photo, text="anything but red", filters=Filters(brands=("Nordlys",)), k=100),
    ):
        hits = engine.search(query).hits
        assert hits
        assert all(hit.product.colour != "red" for hit in hits)


def test_a_photo_is_found_in_the_colour_that_words_name(engine: SearchEngine) -> None:
    found = engine.search(Query(photo=draw("Plate", "red"), text="the same in blue")).hits[0]
    assert found.product.sku == "PLATE-BLUE"


def test_stages_can_be_left_out_one_by_one(engine: SearchEngine) -> None:
    """Without stages, hits are in the exact order of similarity."""
    page = engine.search(Query(photo=draw("Plate", "red"), k=100, stages=()))
    similarities = [hit.similarity for hit in page.hits]
    assert similarities == sorted(similarities, reverse=True)
    assert all(hit.moves == () for hit in page.hits)


def test_a_retired_product_is_not_shown(engine: SearchEngine) -> None:
    with session_scope(engine.database) as session:
        product = session.scalars(select(Product).where(Product.sku == "TRAY-PINK")).one()
        product.retired_at = product.created_at
    try:
        assert "TRAY-PINK" not in skus(engine, Query(text="pink tray", k=100))
    finally:
        with session_scope(engine.database) as session:
            session.get_one(Product, product.id).retired_at = None


def test_a_new_generation_is_noticed_without_a_failed_request(
    engine: SearchEngine, shop_settings: Settings, tmp_path: Path
) -> None:
    """Searches go on in four threads while a new generation is published."""
    before = engine.status()["generation_id"]
    failures: list[Exception] = []
    stop = threading.Event()

    def search() -> None:
        while not stop.is_set():
            try:
                assert engine.search(Query(text="red plate")).hits
            except Exception as error:
                failures.append(error)

    threads = [threading.Thread(target=search) for _ in range(4)]
    for thread in threads:
        thread.start()
    built = build_generation(engine.database, shop_settings, engine.answering().encoder)
    publish(engine.database, shop_settings, built)
    engine.live.refresh()
    after = engine.status()["generation_id"]
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert (before, after) == (before, built)


def test_rank_asks_as_many_candidates_whatever_the_page(engine: SearchEngine) -> None:
    generation = engine.generation()
    understood = understand(
        Query(text="round"), engine.answering().composer, generation, engine.database
    )
    few = rank(generation, understood, candidates=5)
    assert len(few.ranking) <= 5


def test_a_hit_is_explained_wherever_it_stands(engine: SearchEngine) -> None:
    query = Query(text="red plate", fold=False)
    last = engine.search(replace(query, k=100)).hits[-1]
    told = engine.explain(last.product.sku, query)
    assert told is not None
    assert (told.rank, told.why, told.moves) == (last.rank, last.why, last.moves)
    others = Filters(brands=("Kettle & Co",))
    assert engine.explain("PLATE-RED", replace(query, filters=others)) is None
