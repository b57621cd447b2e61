"""Says whether a search found the product, something close, or nothing: calibrated similarities.

What a cosine means differs by model and catalogue, so the thresholds are fitted when a generation
is built (`indexer.building.threshold_fitting`), from its own pictures and titles.
"""

import numpy as np

from search.index.generation_files import Thresholds
from search.index.vector_index import inner_products
from search.query.understood_query import UnderstoodQuery
from search.ranking.stages import Ranking
from search.results import StoredRows, Verdict
from search.text.fulltext_search import Match

TELLING = 0.5
"""A product that holds this share of the words' weight is close, whatever it looks like."""


def verdict(
    question: UnderstoodQuery, ranking: Ranking, vectors: StoredRows, thresholds: Thresholds | None
) -> Verdict | None:
    """Judge an answer.

    Args:
        question: What was asked.
        ranking: What was found, best first.
        vectors: (rows, d) float16, of the generation.
        thresholds: Of the generation; None: it was too small to fit any.

    Returns:
        None for products that resemble a product, and where nothing is calibrated.
    """
    if question.kind == "similar" or thresholds is None:
        return None
    if len(ranking) == 0:
        return "nothing"
    if question.kind == "text":
        return _of_text(question, ranking, thresholds)
    best = float(ranking.similarities.max())
    if question.kind == "both" and question.looked is not None:
        # Words have moved the query away from all pictures; the photo says how near they are.
        best = float(inner_products(vectors[ranking.rows], question.looked.vector).max())
    if best < thresholds.photo_close:
        return "nothing"
    same = question.kind == "photo" and best >= thresholds.photo_same
    return "same" if same else "close"


def _of_text(question: UnderstoodQuery, ranking: Ranking, thresholds: Thresholds) -> Verdict:
    """Judge by words first: a sku or all words found say more than any cosine."""
    found = question.lexical
    shown = np.isin(found.product_ids, ranking.product_ids)
    matches, scores = found.matches[shown], found.scores[shown]
    if len(matches) and matches.max() >= Match.ALL_WORDS:
        return "same"
    named = question.brand is not None or (len(scores) > 0 and scores.max() >= TELLING)
    near = float(ranking.similarities.max()) >= thresholds.text_close
    return "close" if named or near else "nothing"
