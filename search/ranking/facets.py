"""Facets: how many of the found products have each value, and what they cost."""

import numpy as np

from search.index.generation_files import Generation
from search.index.product_columns import NO_PRICE
from search.ranking.stages import Ranking
from search.results import FacetValue


def price_range(generation: Generation, ranking: Ranking) -> tuple[int, int] | None:
    """Return the lowest and the highest price of the found products; None where none has one."""
    prices = generation.columns.price_cents[ranking.rows]
    prices = prices[prices != NO_PRICE]
    return (int(prices.min()), int(prices.max())) if len(prices) else None


def facets(generation: Generation, ranking: Ranking) -> dict[str, tuple[FacetValue, ...]]:
    """Count the values of each facet among the found products, most frequent first."""
    counted: dict[str, tuple[FacetValue, ...]] = {}
    for name, column in generation.columns.facets.items():
        codes, counts = np.unique(column.codes[ranking.rows], return_counts=True)
        values = [
            FacetValue(column.values[code], int(count))
            for code, count in zip(codes.tolist(), counts.tolist(), strict=True)
            if code >= 0
        ]
        counted[name] = tuple(sorted(values, key=lambda value: (-value.count, value.value)))
    return counted
