"""Folding: variants of one product take one place, the best-ranked of them for all.

Presentation, not relevance: it runs when a page is cut, after all stages, and measurements judge
the order before it. What is a variant of what was concluded when the index was built.
"""

from dataclasses import dataclass

import numpy as np

from search.index.product_columns import Columns
from search.ranking.stages.stage_input import Ranking


@dataclass(frozen=True, slots=True)
class Folded:
    """Products in order, each with the variants that it stands for."""

    ranking: Ranking  # one product of each family
    variants: dict[int, tuple[int, ...]]  # product id -> ids of its other variants, best first


def fold(columns: Columns, ranking: Ranking) -> Folded:
    """Return the best-ranked variant of each product, and the others under it."""
    families = columns.variant[ranking.rows]
    _, first, family = np.unique(families, return_index=True, return_inverse=True)
    heads = first[family]  # of each product, the place of the first of its family
    variants: dict[int, list[int]] = {}
    for place in np.flatnonzero(heads != np.arange(len(heads))).tolist():
        head = int(ranking.product_ids[heads[place]])
        variants.setdefault(head, []).append(int(ranking.product_ids[place]))
    return Folded(
        ranking.take(np.sort(first)),
        {head: tuple(others) for head, others in variants.items()},
    )
