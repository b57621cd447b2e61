"""The stage `fuse`: joins what a text's words find in titles with what its vector finds."""

import numpy as np
import numpy.typing as npt

from search.ranking.stages.stage_input import Ranking, StageInput
from search.results import Ids
from search.text.fulltext_search import Lexical, Match

WORDS_WEIGHT = 8.0
"""Added to the score of a product that holds all words, in standard deviations of all scores."""
SHARPNESS = 1.5
"""Exponent on the share of the words that a product holds: half of them adds less than half."""
FLOOR = 2.0
"""Standard deviations below the mean. A product that holds any word has at least that score before
the words are added, however little its picture resembles the text."""


def fuse_words(inputs: StageInput, ranking: Ranking) -> Ranking:
    """Lift products by the weight of the words they hold.

    The score is a convex combination of normalised scores (Bruch, Gai and Ingber 2023,
    doi:10.1145/3596512). Reciprocal rank fusion (Cormack, Clarke and Büttcher 2009,
    doi:10.1145/1571941.1572114) found less when it was tried: many products hold the same words,
    so their ranks say nothing. The product whose sku was typed stands first, then those whose sku
    begins as typed, then those of the brand that the text names. Only a text is re-ranked.
    """
    query = inputs.query
    nothing_found = len(query.lexical) == 0 and query.brand_rows is None
    if query.kind != "text" or nothing_found or len(ranking) == 0:
        return ranking
    shares, matches = _word_shares(query.lexical, ranking.product_ids)
    spread = float(ranking.scores.std())
    floor = float(ranking.scores.mean()) - FLOOR * spread
    visual = np.where(shares > 0, np.maximum(ranking.scores, floor), ranking.scores)
    fused = visual + WORDS_WEIGHT * spread * shares**SHARPNESS
    tiers = np.select([matches == Match.SKU, matches == Match.SKU_BEGINS], [3, 2], 0)
    if query.brand_rows is not None:
        tiers = np.maximum(tiers, query.brand_rows[ranking.rows])
    fused += tiers * (np.ptp(fused) + 1)
    return ranking.sorted_by(fused.astype(np.float32))


def _word_shares(
    lexical: Lexical, product_ids: Ids
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int8]]:
    """Return of each product the weight of the words it holds, and its `Match`, -1 for none.

    Returns:
        (n,) float32 of 0 to 1, and (n,) int8.
    """
    shares = np.zeros(len(product_ids), np.float32)
    matches = np.full(len(product_ids), -1, np.int8)
    _, ranked, found = np.intersect1d(product_ids, lexical.product_ids, return_indices=True)
    shares[ranked], matches[ranked] = lexical.scores[found], lexical.matches[found]
    return shares, matches
