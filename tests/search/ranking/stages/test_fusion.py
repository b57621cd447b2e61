"""Words and looks are fused: skus, brands and rare words come first, looks order the rest."""

from dataclasses import replace

import numpy as np
import pytest

from search.ranking.stages import Ranking, StageInput, group
from search.ranking.stages.fusion import fuse_words
from search.text.fulltext_search import Lexical, Match
from tests.support import candidates

N = 60


def stage_input(
    found: dict[int, tuple[Match, float]], kind: str = "text", **given: object
) -> StageInput:
    """Return candidates, product i being the i-th most similar, and the products found by words."""
    angles = np.linspace(0.2, 1.2, N)
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    plain = candidates.stage_input(vectors, list(range(N)), np.array([1.0, 0.0]), kind)
    lexical = Lexical(
        product_ids=np.array(list(found), np.int64),
        matches=np.array([match for match, _ in found.values()], np.int8),
        scores=np.array([score for _, score in found.values()], np.float32),
        word_bits=np.ones(len(found), np.int64),
    )
    return replace(plain, query=replace(plain.query, lexical=lexical, **given))


def order(context: StageInput) -> list[int]:
    """Return the products as the stage orders them."""
    before = group(context.product_ids, context.rows, context.similarities)
    after = fuse_words(context, before)
    assert sorted(after.product_ids.tolist()) == list(range(N))
    assert (np.diff(after.scores) <= 0).all()
    return after.product_ids.tolist()


def test_a_rare_word_outweighs_looks() -> None:
    """A product with an unusual name need not look like it."""
    assert order(stage_input({N - 1: (Match.ALL_WORDS, 1.0)}))[:3] == [N - 1, 0, 1]


def test_a_common_word_does_not() -> None:
    assert order(stage_input({N - 1: (Match.SOME_WORDS, 0.1)}))[:3] == [0, 1, 2]


def test_looks_decide_between_products_with_the_same_words() -> None:
    found = order(stage_input(dict.fromkeys((40, 7, 23), (Match.ALL_WORDS, 0.8))))
    assert found[:3] == [7, 23, 40]


def test_a_sku_comes_first_then_its_beginnings_then_the_brand() -> None:
    brand = np.zeros(N, np.bool_)
    brand[[11, 30]] = True
    found = order(
        stage_input(
            {
                50: (Match.ALL_WORDS, 1.0),
                20: (Match.SKU_BEGINS, 0.0),
                40: (Match.SKU, 0.0),
                10: (Match.SKU_BEGINS, 0.0),
            },
            brand_rows=brand,
        )
    )
    assert found[:6] == [40, 10, 20, 11, 30, 50]


def test_what_only_the_words_found_is_not_lost_far_down() -> None:
    """Its picture may be unlike the query; the loss for that is bounded."""
    context = stage_input({N - 1: (Match.ALL_WORDS, 1.0)})
    before = group(context.product_ids, context.rows, context.similarities)
    scores = before.scores.copy()
    scores[-1] = -1.0
    far = Ranking(before.product_ids, before.rows, before.similarities, scores)
    assert fuse_words(context, far).product_ids[0] == N - 1


@pytest.mark.parametrize("kind", ["photo", "both", "similar"])
def test_a_photo_is_about_looks(kind: str) -> None:
    assert order(stage_input({N - 1: (Match.ALL_WORDS, 1.0)}, kind)) == list(range(N))


def test_words_that_found_nothing_change_nothing() -> None:
    context = stage_input({})
    before = group(context.product_ids, context.rows, context.similarities)
    assert fuse_words(context, before) is before


def test_words_of_products_that_are_no_candidates_change_nothing() -> None:
    assert order(stage_input({1000: (Match.SKU, 1.0)})) == list(range(N))


def test_nothing_found_stays_nothing() -> None:
    empty, none = np.empty(0, np.int64), np.empty(0, np.float32)
    nothing = Ranking(empty, empty, none, none)
    assert len(fuse_words(stage_input({1: (Match.SKU, 1.0)}), nothing)) == 0
