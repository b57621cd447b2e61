"""Pictures are compared cell by cell, wherever the cells are and whatever else is shown."""

import numpy as np
import pytest

from search.encoder.local_features import quantised
from search.query.cell_matching import QueryCells, agreement, cell_agreement_maps, query_cells
from search.results import CellPatches

SIDE, CELLS, WIDTH = 4, 16, 12


def picture(seed: int) -> CellPatches:
    """Return (cells, p) int8 random descriptors."""
    cells = np.random.default_rng(seed).standard_normal((CELLS, WIDTH)).astype(np.float32)
    return quantised(cells)


def query(patches: CellPatches, weights: np.ndarray | None = None) -> QueryCells:
    given = np.ones(CELLS) if weights is None else weights
    return query_cells(patches, (given / given.sum()).astype(np.float32), 0.5)


def one_cell(at: int) -> np.ndarray:
    weights = np.zeros(CELLS)
    weights[at] = 1
    return weights


def test_cells_have_unit_length() -> None:
    cells = query(picture(0))

    assert cells.patches.dtype == np.float32
    assert np.linalg.norm(cells.patches, axis=1) == pytest.approx(1, abs=0.01)


def test_a_picture_agrees_with_itself_wherever_its_cells_lie() -> None:
    same, other = picture(0), picture(1)
    shuffled = same[np.random.default_rng(2).permutation(CELLS)]

    found = agreement(query(same), np.stack([same, shuffled, other]))

    assert found.dtype == np.float32
    assert found[:2] == pytest.approx(1, abs=0.02)
    assert found[2] < 0.9


def test_each_cell_is_compared_with_its_best_match() -> None:
    """The result equals a loop over all pairs of cells."""
    asked, products = picture(3), np.stack([picture(seed) for seed in range(4, 9)])
    weights = np.random.default_rng(9).random(CELLS)

    found = agreement(query(asked, weights), products)

    wanted = [
        sum(
            w * max(float(a.astype(float) @ b.astype(float)) for b in product)
            for w, a in zip(weights / weights.sum(), asked, strict=True)
        )
        / 127**2
        for product in products
    ]
    assert found == pytest.approx(wanted, abs=1e-4)


def test_cells_without_weight_do_not_count() -> None:
    asked = picture(0)
    rest = picture(1)
    rest[7] = asked[3]

    found = agreement(query(asked, one_cell(3)), rest[None])

    assert found == pytest.approx([1], abs=0.02)


def test_no_pictures_have_no_agreement() -> None:
    assert agreement(query(picture(0)), np.empty((0, CELLS, WIDTH), np.int8)).shape == (0,)


def test_maps_show_which_cells_match() -> None:
    """One cell of the photo occurs elsewhere in the product; the others are opposite vectors."""
    asked = np.zeros((CELLS, WIDTH), np.int8)
    asked[:, 0] = 127
    asked[5] = np.eye(WIDTH, dtype=np.int8)[1] * 127
    product = -asked[np.arange(CELLS)]
    product[:, 1] = 0
    product[10] = asked[5]

    in_query, in_product = cell_agreement_maps(query(asked), product)

    assert in_query.shape == in_product.shape == (SIDE, SIDE)
    assert np.argwhere(in_query > 0.5).tolist() == [[1, 1]]
    assert np.argwhere(in_product > 0.5).tolist() == [[2, 2]]
    assert in_query.min() >= 0
    assert in_product.max() <= 1.01


def test_maps_fade_what_matters_little() -> None:
    """A background that both pictures share is no reason to show a product."""
    same = picture(0)
    weights = np.full(CELLS, 0.1)
    weights[6] = 1

    in_query, in_product = cell_agreement_maps(query(same, weights), same)

    for shown in (in_query, in_product):
        assert np.unravel_index(shown.argmax(), shown.shape) == (1, 2)
        assert np.median(shown) < 0.2
