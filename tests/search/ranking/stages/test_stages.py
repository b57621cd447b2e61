"""Re-ranking works on arrays only."""

import numpy as np
import pytest

from search.errors import UnusableQuery
from search.ranking.stages import STAGES, group, rerank
from search.ranking.stages.expansion import expand_query
from tests.support.candidates import stage_input


def test_group_keeps_the_best_picture_of_each_product() -> None:
    ranking = group(
        np.array([7, 3, 7, 5]), np.array([0, 1, 2, 3]), np.array([0.5, 0.4, 0.9, 0.4], np.float32)
    )
    assert ranking.product_ids.tolist() == [7, 3, 5]
    assert ranking.rows.tolist() == [2, 1, 3]
    assert ranking.similarities.tolist() == pytest.approx([0.9, 0.4, 0.4])


def test_group_breaks_ties_by_product_id_whatever_the_order() -> None:
    rng = np.random.default_rng(0)
    product_ids = np.arange(50)
    shuffled = rng.permutation(50)
    similarities = np.full(50, 0.25, np.float32)
    ranking = group(product_ids[shuffled], shuffled, similarities)
    assert ranking.product_ids.tolist() == list(range(50))


def test_group_of_nothing_is_nothing() -> None:
    none = np.empty(0, np.int64)
    assert len(group(none, none, np.empty(0, np.float32))) == 0


def test_expansion_lifts_what_resembles_the_best_hits() -> None:
    """Products 4 and 5 are equally near to the query; 4 is also near to the best three."""
    query = np.array([1.0, 0, 0, 0])
    vectors = np.array(
        [[1, 0.1, 0, 0], [1, 0.15, 0, 0], [1, 0.2, 0, 0], [1, 0.901, 0, 0], [1, 0, 0.9, 0]]
    )
    context = stage_input(vectors, [1, 2, 3, 4, 5], query, "text")
    plain = group(context.product_ids, context.rows, context.similarities)
    assert plain.product_ids.tolist()[3:] == [5, 4]
    assert expand_query(context, plain).product_ids.tolist()[3:] == [4, 5]


def test_expansion_leaves_photos_alone() -> None:
    query = np.array([1.0, 0, 0, 0])
    context = stage_input(
        np.array([[1, 0.1, 0, 0], [1, 0.9, 0, 0], [1, 0, 0.9, 0]]), [1, 2, 3], query
    )
    plain = group(context.product_ids, context.rows, context.similarities)
    assert expand_query(context, plain) is plain


def test_each_move_is_recorded_under_its_stage() -> None:
    query = np.array([1.0, 0, 0, 0])
    vectors = np.array(
        [[1, 0.1, 0, 0], [1, 0.15, 0, 0], [1, 0.2, 0, 0], [1, 0.901, 0, 0], [1, 0, 0.9, 0]]
    )
    context = stage_input(vectors, [1, 2, 3, 4, 5], query, "text")
    plain = group(context.product_ids, context.rows, context.similarities)
    _, moves = rerank(context, plain, ["expand"])
    assert [(m.stage, m.rank_before, m.rank_after) for m in moves[4]] == [("expand", 5, 4)]


def test_stages_can_be_switched_off() -> None:
    query = np.array([1.0, 0, 0])
    context = stage_input(np.array([[1, 0.50, 0], [1, 0.2, 0]]), [1, 2], query)
    plain = group(context.product_ids, context.rows, context.similarities)
    ranking, moves = rerank(context, plain, [])
    assert ranking is plain
    assert moves == {}


def test_an_unknown_stage_is_refused_with_the_known_ones() -> None:
    query = np.array([1.0, 0, 0])
    context = stage_input(np.array([[1, 0.5, 0]]), [1], query)
    plain = group(context.product_ids, context.rows, context.similarities)
    with pytest.raises(UnusableQuery, match=next(iter(STAGES))):
        rerank(context, plain, ["magic"])
