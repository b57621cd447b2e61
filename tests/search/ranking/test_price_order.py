"""Found products are sorted in the order that a shopper chooses."""

from dataclasses import replace

import numpy as np
import pytest

from search.engine.search_engine import SearchEngine
from search.index.product_columns import NO_PRICE
from search.ranking.price_order import sorted_as
from search.ranking.stages import group
from search.results import Query, Sort
from tests.support.candidates import columns

PRICES = [300, NO_PRICE, 100, 300, 200]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("relevance", [4, 3, 2, 1, 0]),
        ("price_up", [2, 4, 3, 0, 1]),
        ("price_down", [3, 0, 4, 2, 1]),
    ],
)
def test_equal_prices_keep_their_rank_and_none_comes_last(sort: Sort, order: list[int]) -> None:
    products = np.arange(5)
    ranking = group(products, products, np.linspace(0.1, 0.9, 5).astype(np.float32))
    known = replace(columns(products.tolist()), price_cents=np.array(PRICES))

    found = sorted_as(ranking, known, sort)

    assert found.product_ids.tolist() == order
    assert found.rows.tolist() == order


def test_it_changes_the_order_and_nothing_else(engine: SearchEngine) -> None:
    plain = engine.search(Query(text="plate", k=100, fold=False))
    cheap = engine.search(Query(text="plate", k=100, fold=False, sort="price_up"))

    prices = [hit.product.price_cents for hit in cheap.hits]
    known = [price for price in prices if price is not None]
    assert known == sorted(known)
    assert prices[len(known) :] == [None] * (len(prices) - len(known)) != []
    assert {hit.product.sku for hit in cheap.hits} == {hit.product.sku for hit in plain.hits}
    assert cheap.facets == plain.facets
    assert cheap.prices_cents == plain.prices_cents == (known[0], known[-1])
    assert [hit.rank for hit in cheap.hits] == list(range(1, len(prices) + 1))


def test_pages_go_through_one_order(engine: SearchEngine) -> None:
    whole = engine.search(Query(text="red", k=20, sort="price_down")).hits
    second = engine.search(Query(text="red", k=10, page=2, sort="price_down")).hits

    assert [h.product.sku for h in second] == [h.product.sku for h in whole[10:]]


def test_what_resembles_a_product_is_ordered_too(engine: SearchEngine) -> None:
    found = engine.similar("PLATE-RED", sort="price_up", k=5).hits

    prices = [hit.product.price_cents for hit in found if hit.product.price_cents is not None]
    assert prices == sorted(prices)
