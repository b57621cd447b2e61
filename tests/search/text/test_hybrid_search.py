"""Text searches of a whole shop: words find products that pictures alone would not."""

import pytest
from sqlalchemy import delete

from search.database.connection import session_scope
from search.database.models import Product
from search.engine.search_engine import SearchEngine
from search.results import Correction, Filters, Query
from tests.support.factories import make_product
from tests.support.shops.plain_shop import ODD_SKU, PRODUCTS


def skus(engine: SearchEngine, text: str, filters: Filters | None = None) -> list[str]:
    """Return the skus found, best first."""
    page = engine.search(Query(text=text, filters=filters or Filters(), k=100, fold=False))
    return [hit.product.sku for hit in page.hits]


@pytest.mark.parametrize("typed", ["PENNANT-BLUE", "pennant blue", "pennantblue", "Pennant_Blue"])
def test_a_sku_finds_its_product_first(engine: SearchEngine, typed: str) -> None:
    assert skus(engine, typed)[0] == "PENNANT-BLUE"


def test_the_beginning_of_a_sku_does_too(engine: SearchEngine) -> None:
    assert set(skus(engine, "tray-bl")[:2]) == {"TRAY-BLUE", "TRAY-BLACK"}


@pytest.mark.parametrize("typed", ["odd quoted", 'Odd & "quoted" thing', "qouted", "odd/1"])
def test_an_odd_name_finds_its_product_first(engine: SearchEngine, typed: str) -> None:
    assert skus(engine, typed)[0] == ODD_SKU


@pytest.mark.parametrize("typed", ["Kettle & Co", "kettle co", "KETTLE&CO."])
def test_a_brand_finds_its_products_first(engine: SearchEngine, typed: str) -> None:
    theirs = {product.sku for product in PRODUCTS if product.brand == "Kettle & Co"}
    assert set(skus(engine, typed)[: len(theirs)]) == theirs


def test_a_misspelt_word_is_put_right_and_said(engine: SearchEngine) -> None:
    page = engine.search(Query(text="blue cushoin"))
    assert page.corrections == (Correction("cushoin", "cushion"),)
    assert page.hits[0].product.sku == "CUSHION-BLUE"
    assert engine.search(Query(text="blue cushion")).corrections == ()


def test_filters_hold_for_what_words_find(engine: SearchEngine) -> None:
    green = Filters(colours=("green",))
    found = skus(engine, "PLATE-RED red plate", green)
    assert set(found) == {product.sku for product in PRODUCTS if product.colour == "green"}
    assert found[0] == "PLATE-GREEN"


def test_words_without_a_text_behind_them_still_find_by_looks(engine: SearchEngine) -> None:
    """No product contains `something round`, so pictures decide."""
    assert len(skus(engine, "something round")) == len(PRODUCTS)


def test_a_hit_says_that_its_words_moved_it(engine: SearchEngine) -> None:
    hits = engine.search(Query(text="odd quoted thing", k=100)).hits
    assert "fuse" in {move.stage for hit in hits for move in hit.moves}


def test_a_product_that_is_not_indexed_yet_is_not_returned(engine: SearchEngine) -> None:
    with session_scope(engine.database) as session:
        make_product(session, sku="ZORBLAX-1", title="Zorblax")
    try:
        assert "ZORBLAX-1" not in skus(engine, "zorblax-1")
        assert "ZORBLAX-1" not in skus(engine, "zorblax")
    finally:
        with session_scope(engine.database) as session:
            session.execute(delete(Product).where(Product.sku == "ZORBLAX-1"))
