"""The meant region counts beside the whole photo."""

from dataclasses import replace

import numpy as np
import pytest

from search.query.cell_matching import query_cells
from search.query.photo_regions import EncodedPhoto
from search.ranking.stages import Ranking, StageInput, group
from search.ranking.stages.photo_region import REGION_SHARE, rerank_by_region
from search.results import Vector
from tests.support.candidates import stage_input

VECTORS = np.array([[1.0, 0.1, 0.0], [1.0, 0.0, 0.4], [1.0, 0.9, 0.0]])
NO_CELLS = query_cells(np.empty((0, 1), np.int8), np.empty(0, np.float32), 0.0)


def photo(part: Vector | None, kind: str = "photo") -> StageInput:
    given = stage_input(VECTORS, [10, 11, 12], np.array([1.0, 0, 0]), kind)
    photo = EncodedPhoto(given.query.vector, NO_CELLS, region_vector=part)
    return replace(given, query=replace(given.query, photo=photo))


def exact(given: StageInput) -> Ranking:
    return group(given.product_ids, given.rows, given.similarities)


def test_what_the_region_shows_comes_first() -> None:
    part = np.array([0, 0, 1], np.float32)
    given = photo(part)

    ranking = rerank_by_region(given, exact(given))

    assert exact(given).product_ids[0] == 10
    assert ranking.product_ids.tolist() == [11, 10, 12]
    wanted = (1 - REGION_SHARE) * given.similarities[1] + REGION_SHARE * given.vectors[1] @ part
    assert ranking.scores[0] == pytest.approx(wanted)
    assert ranking.scores.dtype == np.float32


def test_similarities_stay_those_of_the_whole_photo() -> None:
    given = photo(np.array([0, 0, 1], np.float32))

    ranking = rerank_by_region(given, exact(given))

    assert ranking.similarities.tolist() == given.similarities[[1, 0, 2]].tolist()


@pytest.mark.parametrize("kind", ["text", "both", "similar"])
def test_other_questions_are_left_alone(kind: str) -> None:
    given = photo(np.array([0, 0, 1], np.float32), kind)
    ranking = exact(given)

    assert rerank_by_region(given, ranking) is ranking


def test_without_a_region_nothing_changes() -> None:
    for given in (photo(None), stage_input(VECTORS, [10, 11, 12], np.array([1.0, 0, 0]))):
        ranking = exact(given)
        assert rerank_by_region(given, ranking) is ranking
