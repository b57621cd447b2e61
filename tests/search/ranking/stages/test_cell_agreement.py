"""Late interaction lifts pictures whose cells agree with the photo, and leaves the rest alone."""

from dataclasses import replace

import numpy as np
import pytest

from search.encoder.local_features import quantised
from search.query.cell_matching import QueryCells, query_cells
from search.query.photo_regions import EncodedPhoto
from search.ranking.stages import Ranking, StageInput, group
from search.ranking.stages.cell_agreement import COMPARED, rerank_by_cells
from search.results import Patches
from tests.support.candidates import stage_input

CELLS, WIDTH = 9, 8


def patches(n: int, seed: int = 0) -> Patches:
    shape = (n, CELLS, WIDTH)
    return quantised(np.random.default_rng(seed).standard_normal(shape).astype(np.float32))


def photo_of(local: Patches, row: int, *, share: float = 0.5, kind: str = "photo") -> StageInput:
    """Search with the cells of one product's picture, among vectors of falling similarity."""
    n = len(local)
    angles = np.linspace(0.1, 0.5, n)
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    given = stage_input(vectors, list(range(n)), np.array([1.0, 0]), kind)
    cells: QueryCells = query_cells(local[row], np.full(CELLS, 1 / CELLS, np.float32), share)
    photo = EncodedPhoto(given.query.vector, cells)
    return replace(given, query=replace(given.query, photo=photo), patches=local)


def exact(given: StageInput) -> Ranking:
    return group(given.product_ids, given.rows, given.similarities)


def test_the_product_whose_parts_agree_comes_first() -> None:
    given = photo_of(patches(6), 4)

    ranking = rerank_by_cells(given, exact(given))

    assert exact(given).product_ids[0] == 0
    assert ranking.product_ids[0] == 4
    assert ranking.scores[0] == pytest.approx(given.similarities[4] + 0.5, abs=0.02)
    assert sorted(ranking.product_ids.tolist()) == list(range(6))


def test_patches_are_those_of_the_generation_row() -> None:
    """The candidates' order differs from that of the generation's rows."""
    given = photo_of(patches(6), 4)
    order = np.array([5, 3, 1, 0, 4, 2])
    turned = replace(
        given,
        rows=given.rows[order],
        product_ids=given.product_ids[order],
        vectors=given.vectors[order],
        similarities=given.similarities[order],
    )

    assert rerank_by_cells(turned, exact(turned)).product_ids[0] == 4


def test_only_the_first_are_compared_and_stay_first() -> None:
    given = photo_of(patches(COMPARED + 10), COMPARED + 5)

    before, after = exact(given), rerank_by_cells(given, exact(given))

    assert set(after.product_ids[:COMPARED].tolist()) == set(before.product_ids[:COMPARED].tolist())
    assert after.product_ids[COMPARED:].tolist() == before.product_ids[COMPARED:].tolist()
    assert after.product_ids[:COMPARED].tolist() != before.product_ids[:COMPARED].tolist()


def test_parts_that_face_away_lower_nothing() -> None:
    local = patches(3)
    given = photo_of(local, 0)
    facing_away = replace(given, patches=np.repeat(-local[:1], 3, axis=0))

    ranking = rerank_by_cells(facing_away, exact(facing_away))

    assert (ranking.scores >= np.sort(facing_away.similarities)[::-1]).all()


def test_a_model_whose_cells_nobody_trained_changes_no_order() -> None:
    given = photo_of(patches(6), 4, share=0.0)

    assert rerank_by_cells(given, exact(given)).product_ids.tolist() == list(range(6))


@pytest.mark.parametrize("kind", ["text", "both", "similar"])
def test_other_questions_are_left_alone(kind: str) -> None:
    given = photo_of(patches(6), 4, kind=kind)
    ranking = exact(given)

    assert rerank_by_cells(given, ranking) is ranking


def test_without_local_features_nothing_changes() -> None:
    given = photo_of(patches(6), 4)
    none = replace(given, patches=np.empty((6, 0, 1), np.int8))
    unseen = replace(given, query=replace(given.query, photo=None))

    for context in (none, unseen):
        ranking = exact(context)
        assert rerank_by_cells(context, ranking) is ranking
