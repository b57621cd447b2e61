"""Says whether a search found the product, something close, or nothing: its verdict.

What a cosine means differs by model and catalogue. Thresholds are therefore fitted to a
generation's own pictures and titles when it is built (`indexer.building.threshold_fitting`).
"""

import numpy as np

from search.index.generation_files import Thresholds
from search.index.vector_index import inner_products
from search.query.understood_query import UnderstoodQuery
from search.ranking.stages import Ranking
from search.results import StoredRows, Verdict
from search.text.fulltext_search import Match

CLOSE_SCORE = 0.5
"""A product that holds this share of the words' weight is close, whatever it looks like."""


def verdict(
    query: UnderstoodQuery, ranking: Ranking, vectors: StoredRows, thresholds: Thresholds | None
) -> Verdict | None:
    """Return what an answer is worth.

    Args:
        query: The query that is answered.
        ranking: What was found, best first.
        vectors: (rows, d) float16, of the generation.
        thresholds: Of the generation; None: it was too small to fit any.

    Returns:
        None where a product is the query, and where there are no thresholds.
    """
    if query.kind == "similar" or thresholds is None:
        return None
    if len(ranking) == 0:
        return "nothing"
    if query.kind == "text":
        return _text_verdict(query, ranking, thresholds)
    best = float(ranking.similarities.max())
    if query.kind == "both" and query.photo is not None:
        # Words have moved the query away from all pictures. The photo itself says what is near.
        best = float(inner_products(vectors[ranking.rows], query.photo.vector).max())
    if best < thresholds.photo_close:
        return "nothing"
    same = query.kind == "photo" and best >= thresholds.photo_same
    return "same" if same else "close"


def _text_verdict(query: UnderstoodQuery, ranking: Ranking, thresholds: Thresholds) -> Verdict:
    """Judge by words first: a sku or all words found say more than any cosine."""
    lexical = query.lexical
    ranked = np.isin(lexical.product_ids, ranking.product_ids)
    matches, scores = lexical.matches[ranked], lexical.scores[ranked]
    if len(matches) and matches.max() >= Match.ALL_WORDS:
        return "same"
    named = query.brand_rows is not None or (len(scores) > 0 and scores.max() >= CLOSE_SCORE)
    near = float(ranking.similarities.max()) >= thresholds.text_close
    return "close" if named or near else "nothing"
