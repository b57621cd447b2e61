"""Variants share one place, that of the best one."""

from dataclasses import replace

import numpy as np

from search.ranking.stages import Ranking, group
from search.ranking.stages.folding import fold
from tests.support.candidates import columns


def test_variants_take_the_place_of_the_best() -> None:
    held = replace(columns([1, 2, 3, 4, 5, 6]), variant=np.array([1, 2, 1, 4, 2, 1]))
    found = group(
        held.product_id, np.arange(6), np.array([0.2, 0.5, 0.9, 0.6, 0.8, 0.1], np.float32)
    )
    folded = fold(held, found)
    assert folded.ranking.product_ids.tolist() == [3, 5, 4]
    assert folded.ranking.rows.tolist() == [2, 4, 3]
    assert folded.variants == {3: (1, 6), 5: (2,)}


def test_without_variants_nothing_changes() -> None:
    held = columns([1, 2, 3])
    found = group(held.product_id, np.arange(3), np.array([0.1, 0.3, 0.2], np.float32))
    folded = fold(held, found)
    assert folded.ranking.product_ids.tolist() == [2, 3, 1]
    assert folded.variants == {}


def test_nothing_folds_to_nothing() -> None:
    none, scores = np.empty(0, np.int64), np.empty(0, np.float32)
    folded = fold(columns([1]), Ranking(none, none, scores, scores))
    assert len(folded.ranking) == 0
    assert folded.variants == {}
