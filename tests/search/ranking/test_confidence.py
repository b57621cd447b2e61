"""The verdict on a result is right: the product, something close, or nothing close."""

import numpy as np
import pytest

from search.index.generation_files import Thresholds
from search.query.cell_matching import query_cells
from search.query.photo_regions import EncodedPhoto
from search.query.understood_query import UnderstoodQuery
from search.ranking.confidence import verdict
from search.ranking.stages import Ranking, group
from search.results import Verdict
from search.text.fulltext_search import Lexical, Match

FITTED = Thresholds(
    photo_close=0.4,
    photo_same=0.7,
    text_close=0.2,
    photo_miss=0.05,
    photo_false_alarm=0.05,
    text_miss=0.0,
    text_false_alarm=0.0,
)
QUERY = np.array([1, 0, 0], np.float32)


def ranking(*similarities: float) -> Ranking:
    n = np.arange(len(similarities))
    return group(n, n, np.array(similarities, np.float32))


def judged(
    understood: UnderstoodQuery, *similarities: float, fitted: Thresholds | None = FITTED
) -> Verdict | None:
    vectors = np.array([[s, (1 - s * s) ** 0.5, 0] for s in similarities], np.float16)
    return verdict(understood, ranking(*similarities), vectors.reshape(-1, 3), fitted)


@pytest.mark.parametrize(
    ("best", "called"), [(0.9, "same"), (0.71, "same"), (0.69, "close"), (0.41, "close")]
)
def test_a_photo_is_judged_by_its_best_similarity(best: float, called: str) -> None:
    assert judged(UnderstoodQuery(QUERY, "photo"), 0.1, best, 0.2) == called


def test_a_photo_of_something_else_finds_nothing_close() -> None:
    assert judged(UnderstoodQuery(QUERY, "photo"), 0.39, 0.2) == "nothing"


def test_no_hits_are_nothing_close() -> None:
    assert judged(UnderstoodQuery(QUERY, "photo")) == "nothing"


def test_a_small_catalogue_is_not_judged() -> None:
    assert judged(UnderstoodQuery(QUERY, "photo"), 0.9, fitted=None) is None


def test_products_like_a_product_are_not_judged() -> None:
    assert judged(UnderstoodQuery(QUERY, "similar"), 0.9) is None


def test_a_changed_photo_is_judged_by_the_photo_and_never_the_same() -> None:
    """The words have moved the query, but the product in another colour still counts as close."""
    photo = EncodedPhoto(
        QUERY, query_cells(np.zeros((4, 2), np.int8), np.ones(4, np.float32) / 4, 0)
    )
    moved = np.array([0, 0, 1], np.float32)
    understood = UnderstoodQuery(moved, "both", photo=photo, text="in green")
    vectors = np.array([[0.9, 0.43, 0]], np.float16)
    assert verdict(understood, ranking(0.05), vectors, FITTED) == "close"
    far = np.array([[0.1, 0.99, 0]], np.float16)
    assert verdict(understood, ranking(0.05), far, FITTED) == "nothing"


def lexical(match: Match, score: float) -> Lexical:
    return Lexical(
        text="x",
        product_ids=np.array([0], np.int64),
        matches=np.array([match], np.int8),
        scores=np.array([score], np.float32),
        word_bits=np.array([1], np.int64),
    )


def test_a_text_is_judged_by_looks_where_its_words_find_nothing() -> None:
    understood = UnderstoodQuery(QUERY, "text", text="cosy reading chair")
    assert judged(understood, 0.25) == "close"
    assert judged(understood, 0.15) == "nothing"


@pytest.mark.parametrize(
    ("match", "score", "called"),
    [
        (Match.SKU, 1.0, "same"),
        (Match.ALL_WORDS, 1.0, "same"),
        (Match.SOME_WORDS, 0.6, "close"),
        (Match.SOME_WORDS, 0.2, "nothing"),
    ],
)
def test_words_found_say_more_than_looks(match: Match, score: float, called: str) -> None:
    understood = UnderstoodQuery(QUERY, "text", text="x", lexical=lexical(match, score))
    assert judged(understood, 0.1) == called


def test_words_of_products_that_filters_left_out_do_not_count() -> None:
    found = lexical(Match.SKU, 1.0)
    elsewhere = Lexical("x", (), np.array([77]), found.matches, found.scores, found.word_bits)
    assert judged(UnderstoodQuery(QUERY, "text", text="x", lexical=elsewhere), 0.1) == "nothing"
