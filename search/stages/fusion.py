"""Hybrid fusion: what the words of a query find in the catalogue's texts, and what it looks like."""

import numpy as np

from search.lexical import Match
from search.stages.ranking import Asked, Ranking

WEIGHT = 2.0
TOP_RANK = {Match.SKU: 3, Match.SKU_BEGINS: 2}


def fuse(asked: Asked, ranking: Ranking) -> Ranking:
    lexical = asked.question.lexical
    if asked.question.kind != "text" or len(lexical) == 0 or len(ranking) < 2:
        return ranking
    order = np.argsort(lexical.product_ids)
    places = np.searchsorted(lexical.product_ids, ranking.product_ids, sorter=order)
    places = order[np.minimum(places, len(order) - 1)]
    found = lexical.product_ids[places] == ranking.product_ids
    share = np.where(found, lexical.scores[places], 0).astype(np.float32)
    spread = float(ranking.scores.std())
    return ranking.sorted_by(ranking.scores + WEIGHT * spread * share)
