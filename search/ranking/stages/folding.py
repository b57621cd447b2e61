"""Folds the variants of a product into one place, which the best-ranked of them takes.

Folding is presentation, not relevance. It happens when a page is cut, after all stages, and
relevance is measured without it. Which products are variants was decided when the index was built
(`indexer.snapshot.variants`).
"""

from dataclasses import dataclass

import numpy as np

from search.index.product_columns import Columns
from search.ranking.stages.stage_input import Ranking


@dataclass(frozen=True, slots=True)
class Folded:
    """Products in order, one of each family, each with its other variants."""

    ranking: Ranking  # one product of each family
    variants: dict[int, tuple[int, ...]]  # product id -> ids of its other variants, best first


def fold(columns: Columns, ranking: Ranking) -> Folded:
    """Return the best-ranked variant of each product, and the others under it."""
    families = columns.variant[ranking.rows]
    _, first, family = np.unique(families, return_index=True, return_inverse=True)
    heads = first[family]  # for each product the place of the first of its family
    variants: dict[int, list[int]] = {}
    for place in np.flatnonzero(heads != np.arange(len(heads))).tolist():
        head = int(ranking.product_ids[heads[place]])
        variants.setdefault(head, []).append(int(ranking.product_ids[place]))
    return Folded(
        ranking.take(np.sort(first)),
        {head: tuple(others) for head, others in variants.items()},
    )
