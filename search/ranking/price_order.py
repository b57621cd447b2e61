"""Sorts ranked products by price, where the shopper asks for that.

Sorting is presentation, not relevance. It happens when a page is cut, and changes neither what is
found nor what facets count. Of products with the same price the better ranked comes first.
"""

import numpy as np

from search.index.product_columns import NO_PRICE, Columns
from search.ranking.stages.stage_input import Ranking
from search.results import Sort


def sorted_as(ranking: Ranking, columns: Columns, sort: Sort) -> Ranking:
    """Return the same products in the order asked for. Those without a price come last."""
    if sort == "relevance":
        return ranking
    prices = columns.price_cents[ranking.rows]
    keys = prices if sort == "price_up" else -prices
    keys = np.where(prices == NO_PRICE, np.iinfo(np.int64).max, keys)
    return ranking.take(np.argsort(keys, kind="stable"))
