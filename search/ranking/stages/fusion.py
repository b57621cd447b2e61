"""Hybrid fusion: what the words of a query find in texts, joined with what they look like."""

import numpy as np
import numpy.typing as npt

from search.ranking.stages.stage_input import Ranking, StageInput
from search.results import Ids
from search.text.fulltext_search import Lexical, Match

WEIGHT = 8.0
"""Worth of all words found, in standard deviations of the candidates' scores."""
SHARPNESS = 1.5
"""Exponent on the share of the words found: half of them is worth less than half."""
FLOOR = 2.0
"""Standard deviations below the mean under which what the words found can't look."""


def fuse(asked: StageInput, ranking: Ranking) -> Ranking:
    """Lift products by the weight of the words they hold.

    A convex combination of normalised scores (Bruch, Gai and Ingber 2023, doi:10.1145/3596512).
    Reciprocal rank fusion (Cormack, Clarke and Büttcher 2009, doi:10.1145/1571941.1572114) was
    tried beside it and found less: many products hold the same words, and their ranks say
    nothing. A sku typed exactly stands first, then skus that begin as typed, then the brand that
    the text names. A photo is about looks, so its order is left alone.
    """
    question = asked.question
    nothing = len(question.lexical) == 0 and question.brand is None
    if question.kind != "text" or nothing or len(ranking) == 0:
        return ranking
    shares, matches = _found(question.lexical, ranking.product_ids)
    spread = float(ranking.scores.std())
    floor = float(ranking.scores.mean()) - FLOOR * spread
    looks = np.where(shares > 0, np.maximum(ranking.scores, floor), ranking.scores)
    fused = looks + WEIGHT * spread * shares**SHARPNESS
    tiers = np.select([matches == Match.SKU, matches == Match.SKU_BEGINS], [3, 2], 0)
    if question.brand is not None:
        tiers = np.maximum(tiers, question.brand[ranking.rows])
    fused += tiers * (np.ptp(fused) + 1)
    return ranking.sorted_by(fused.astype(np.float32))


def _found(
    lexical: Lexical, product_ids: Ids
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int8]]:
    """Return (n,) the weight of the words that products hold, and how they match: -1 not at all."""
    shares = np.zeros(len(product_ids), np.float32)
    matches = np.full(len(product_ids), -1, np.int8)
    _, ours, theirs = np.intersect1d(product_ids, lexical.product_ids, return_indices=True)
    shares[ours], matches[ours] = lexical.scores[theirs], lexical.matches[theirs]
    return shares, matches
