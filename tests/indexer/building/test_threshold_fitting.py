"""Thresholds are fitted on a generation's own pictures and titles."""

import numpy as np
import pytest
from PIL import Image

from indexer.building.photo_distortion import SIDE_PX, foreground, shopper_view
from indexer.building.threshold_fitting import Catalogue, best_cuts, precise_from
from search.index.index_planning import plan_index, train_index
from search.index.vector_index import ExactIndex, FaissIndex
from tests.support.candidates import columns
from tests.support.factories import clustered_vectors


def test_the_threshold_separates_what_can_be_separated() -> None:
    low, high = best_cuts(np.array([0.6, 0.7, 0.8]), np.array([0.1, 0.2, 0.3]))
    assert low == high == pytest.approx(0.45)


def test_nearly_as_good_thresholds_are_a_range() -> None:
    """Thresholds that differ by one mistake in fifty are equally good."""
    present, absent = np.linspace(0.3, 0.9, 50), np.linspace(0.0, 0.32, 50)
    low, high = best_cuts(present, absent)
    assert 0.28 < low < high < 0.36


def test_where_both_overlap_errors_are_few_on_either_side() -> None:
    rng = np.random.default_rng(0)
    present, absent = rng.normal(0.6, 0.1, 400), rng.normal(0.35, 0.1, 400)
    for cut in best_cuts(present, absent):
        assert np.mean(present < cut) < 0.2
        assert np.mean(absent >= cut) < 0.2


def test_sure_is_where_first_hits_are_right() -> None:
    present = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
    right = np.array([True, True, True, False, False])
    assert precise_from(present, right, np.array([0.3])) == pytest.approx(0.7)


def test_sure_is_out_of_reach_where_hits_are_mostly_wrong() -> None:
    assert precise_from(np.array([0.9, 0.8]), np.array([False, False]), np.array([0.3])) > 0.9


def test_the_nearest_of_another_department_leaves_the_whole_department_out() -> None:
    vectors = clustered_vectors(90, 16)
    half = vectors.astype(np.float16)
    paths = ["Home > Mugs", "Home > Lamps", "Fashion > Caps"] * 30
    held = columns(list(range(90)), category=list(paths))
    index = FaissIndex(train_index(plan_index(90, 16), half), half, nprobe=1)
    catalogue = Catalogue(index, half, held.facets["category"], held.variant)

    assert catalogue.nearest(vectors[0])[1] == 0
    similarity, row = catalogue.nearest(vectors[0], absent=0)

    fashion = np.arange(90) % 3 == 2
    expected = ExactIndex(half).search(vectors[0], 1, fashion)
    assert (row, similarity) == (
        expected.rows[0],
        pytest.approx(expected.similarities[0], abs=1e-3),
    )


def plain(colour: str) -> Image.Image:
    """Return a coloured square on white."""
    picture = Image.new("RGB", (120, 120), "white")
    picture.paste(Image.new("RGB", (60, 60), colour), (30, 30))
    return picture


def test_a_view_is_another_picture_of_the_same_thing_and_repeats_with_its_seed() -> None:
    picture, backdrop = plain("red"), Image.new("RGB", (50, 80), "navy")
    first, second = (shopper_view(picture, backdrop, np.random.default_rng(3)) for _ in range(2))
    assert first.size == (SIDE_PX, SIDE_PX)
    assert first.tobytes() == second.tobytes()
    red = np.asarray(first, dtype=np.int16)
    assert ((red[..., 0] - red[..., 2]) > 60).mean() > 0.05, "the thing is there"
    assert ((red[..., 2] - red[..., 0]) > 20).mean() > 0.2, "the ground is the backdrop's"


def test_the_foreground_is_the_thing_on_plain_ground_and_everything_elsewhere() -> None:
    share = np.asarray(foreground(plain("green"))).mean() / 255
    assert share == pytest.approx(0.25, abs=0.03)
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    assert np.asarray(foreground(Image.fromarray(noise))).min() == 255
