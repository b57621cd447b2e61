"""An intact delta is laid over its generation; a damaged one is refused, and the error names it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from search.errors import DamagedGeneration
from search.index.delta_files import DEAD, DELTA_FILES, lay_over, load_delta
from search.index.generation_files import COLUMNS, VECTORS, Generation, load_generation
from search.index.manifest_files import MANIFEST
from search.index.overlay import NOBODY, StackedRows
from search.index.vector_index import rescore
from search.query.understood_query import UnderstoodQuery
from search.ranking.facets import facets
from search.ranking.rank_candidates import rank
from search.results import Filters
from tests.support.factories import clustered_vectors
from tests.support.written_deltas import NEW_PRODUCT, fresh_rows, put_delta
from tests.support.written_generations import flip_byte, write_generation

D = 16
N = 1400
"""Enough for an index with lists."""
NEW = 30
DEAD_PRODUCTS = range(0, 300, 3)  # two rows each


def generation(root: Path, n: int = N, *, cells: int = 0, name: str = "base") -> Generation:
    patches = np.arange(n * cells * 2, dtype=np.int64).astype(np.int8).reshape(n, cells, 2)
    write_generation(
        root / "generations" / name,
        clustered_vectors(n, D, seed=1),
        patches=patches if cells else None,
    )
    return load_generation(root / "generations" / name, 1)


@pytest.fixture
def laid(tmp_path: Path) -> Generation:
    base = generation(tmp_path)
    new = clustered_vectors(NEW, D, seed=2)
    return lay_over(
        base, load_delta(put_delta(tmp_path, "base", "base-000001", new, dead=DEAD_PRODUCTS))
    )


KEYS: list[Any] = [
    0,
    9,
    10,
    14,
    -1,
    -15,
    slice(None),
    slice(3, 8),
    slice(8, 13),
    slice(11, None),
    slice(-4, None),
    slice(None, None, 4),
    slice(12, 2, -3),
    slice(5, 5),
    np.array([1, 12, 3, 14, 12]),
    np.array([1, 2]),
    np.array([13]),
    np.array([], np.int64),
    np.int64(11),
]


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_two_arrays_read_as_one(key: Any) -> None:
    below, above = np.random.default_rng(1).random((10, 3, 2)), np.ones((5, 3, 2))
    one = np.concatenate([below, above])
    assert (np.asarray(StackedRows(below, above)[key]) == one[key]).all()
    assert np.asarray(StackedRows(below, above)[key]).shape == one[key].shape


def test_two_arrays_have_one_shape_and_an_end() -> None:
    stacked = StackedRows(np.zeros((10, 3)), np.ones((5, 3)))
    assert (len(stacked), stacked.shape) == (15, (15, 3))
    with pytest.raises(IndexError):
        stacked[15]


def truth(laid: Generation, query: np.ndarray, n: int, keep: np.ndarray | None) -> list[int]:
    """Return the best living rows by brute force."""
    similarities = np.asarray(laid.vectors[:], np.float32) @ query
    out = laid.columns.product_id == NOBODY
    if keep is not None:
        out |= ~keep
    similarities[out] = -2
    return np.argsort(-similarities, kind="stable")[:n].tolist()


FILTERS = (
    None,
    Filters(brands=("Aldern",)),
    Filters(brands=("fresh",)),
    Filters(categories=("Home",)),
    Filters(max_price_cents=2000),
    Filters(in_stock=True),
)


@pytest.mark.parametrize("filters", FILTERS, ids=str)
def test_exact_search_is_that_of_all_living_rows(laid: Generation, filters: Filters | None) -> None:
    keep = None if filters is None else laid.columns.mask(filters)
    for query in clustered_vectors(5, D, seed=2):
        assert laid.exact(query, 10, keep).rows.tolist() == truth(laid, query, 10, keep)


@pytest.mark.parametrize("filters", FILTERS, ids=str)
def test_candidates_hold_what_is_best_and_nothing_dead(
    laid: Generation, filters: Filters | None
) -> None:
    assert laid.index.nlist > 0
    keep = None if filters is None else laid.columns.mask(filters)
    hits, wanted = 0, 0
    for query in clustered_vectors(20, D, seed=2):
        found = laid.candidates(query, 200, keep)
        assert not (laid.columns.product_id[found.rows] == NOBODY).any()
        assert len(set(found.rows.tolist())) == len(found.rows) <= 200
        if keep is not None:
            assert keep[found.rows].all()
        best = rescore(laid.vectors, query, found).rows[:10].tolist()
        expected = truth(laid, query, 10, keep)
        hits, wanted = hits + len(set(best) & set(expected)), wanted + len(expected)
    assert hits / wanted > 0.9


def test_as_many_candidates_as_live(laid: Generation) -> None:
    """A page is full even if whole lists are dead."""
    living = int((laid.columns.product_id != NOBODY).sum())
    found = laid.candidates(clustered_vectors(1, D, seed=2)[0], len(laid.vectors))
    assert len(found.rows) == living


def test_all_may_be_dead(tmp_path: Path) -> None:
    base = generation(tmp_path, 60)
    nothing = np.empty((0, D), np.float32)
    directory = put_delta(tmp_path, "base", "base-000001", nothing, dead=range(30))
    laid = lay_over(base, load_delta(directory))
    query = clustered_vectors(1, D)[0]
    assert len(laid.candidates(query, 10).rows) == len(laid.exact(query, 10).rows) == 0
    assert len(rank(laid, UnderstoodQuery(query, "photo"), candidates=50).ranking) == 0


def test_the_generation_itself_stays_as_it_was(tmp_path: Path) -> None:
    base = generation(tmp_path, 60)
    before = base.columns.product_id.copy()
    new = clustered_vectors(3, D, seed=2)
    lay_over(base, load_delta(put_delta(tmp_path, "base", "base-000001", new, dead=range(30))))
    assert (base.columns.product_id == before).all()
    assert len(base.vectors) == 60
    assert base.overlay is None


def test_facets_of_new_rows_have_their_own_values(laid: Generation) -> None:
    keep = laid.columns.mask(Filters(brands=("Fresh",)))
    ranked = rank(
        laid, UnderstoodQuery(clustered_vectors(1, D)[0], "photo", keep=keep), candidates=100
    )
    assert set(ranked.ranking.product_ids) == set(range(NEW_PRODUCT, NEW_PRODUCT + NEW))
    counted = facets(laid, ranked.ranking)
    assert [(value.value, value.count) for value in counted["brand"]] == [("Fresh", NEW)]
    assert counted["category"] == ()


def test_local_features_come_from_both(tmp_path: Path) -> None:
    base = generation(tmp_path, 60, cells=4)
    new = clustered_vectors(2, D, seed=2)
    patches = np.full((2, 4, 2), 7, np.int8)
    directory = put_delta(tmp_path, "base", "base-000001", new, patches=patches)
    laid = lay_over(base, load_delta(directory))
    assert (laid.patches[np.array([5, 60, 61])] == [base.patches[5], patches[0], patches[1]]).all()


def test_a_facet_that_the_generation_lacks_is_left_out(tmp_path: Path) -> None:
    base = generation(tmp_path, 60)
    rows = fresh_rows(1, values={"brand": None, "material": "wood"})
    directory = put_delta(tmp_path, "base", "base-000001", clustered_vectors(1, D), rows=rows)
    laid = lay_over(base, load_delta(directory))
    assert set(laid.columns.facets) == set(base.columns.facets)
    assert laid.columns.facets["brand"].codes[-1] == -1


@pytest.mark.parametrize("name", sorted({*DELTA_FILES, MANIFEST}))
@pytest.mark.parametrize("harm", ["flipped", "missing", "cut"])
def test_what_is_damaged_is_refused_by_name(tmp_path: Path, name: str, harm: str) -> None:
    generation(tmp_path, 60, cells=4)
    directory = put_delta(tmp_path, "base", "base-000001", clustered_vectors(3, D), dead=(1, 2, 3))
    path = directory / name
    harms: dict[str, Callable[[], object]] = {
        "flipped": lambda: flip_byte(path),
        "missing": path.unlink,
        "cut": lambda: path.write_bytes(path.read_bytes()[:-8]),
    }
    harms[harm]()
    with pytest.raises(DamagedGeneration, match=f"^{name} of delta base-000001 .*findalike watch"):
        load_delta(directory)


def test_a_manifest_that_was_changed_is_refused(tmp_path: Path) -> None:
    generation(tmp_path, 60)
    directory = put_delta(tmp_path, "base", "base-000001", clustered_vectors(3, D))
    said = json.loads((directory / MANIFEST).read_text())
    (directory / MANIFEST).write_text(json.dumps(said | {"generation": "other"}))
    with pytest.raises(DamagedGeneration, match="not what its checksum says"):
        load_delta(directory)


def test_a_vector_that_would_win_every_search_is_refused(tmp_path: Path) -> None:
    generation(tmp_path, 60)
    with pytest.raises(DamagedGeneration, match=f"{VECTORS} .* no vector of unit length in row 1"):
        put_delta(tmp_path, "base", "base-000001", clustered_vectors(3, D) * [[1], [9], [1]])
    assert list((tmp_path / "deltas").iterdir()) == []


def test_a_delta_of_another_generation_is_refused(tmp_path: Path) -> None:
    generation(tmp_path, 60)
    delta = load_delta(put_delta(tmp_path, "base", "base-000001", clustered_vectors(3, D)))
    with pytest.raises(DamagedGeneration, match="does not belong to generation other"):
        lay_over(generation(tmp_path, 60, name="other"), delta)


def test_what_is_loaded_needs_its_files_no_more(tmp_path: Path) -> None:
    base = generation(tmp_path, 60)
    directory = put_delta(tmp_path, "base", "base-000001", clustered_vectors(3, D), dead=(1,))
    laid = lay_over(base, load_delta(directory))
    shutil.rmtree(directory)
    assert not (directory / COLUMNS).exists()
    assert not (directory / DEAD).exists()
    query = np.asarray(laid.vectors[61], np.float32)
    assert laid.candidates(query, 1).rows.tolist() == [61]
