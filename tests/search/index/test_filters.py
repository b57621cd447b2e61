"""Whatever a filter keeps, pages are full and hold the nearest of the kept rows."""

from collections.abc import Iterator

import numpy as np
import pytest

from search.index.index_planning import IndexPlan, recall, train_index
from search.index.product_columns import Mask
from search.index.vector_index import EXACT_ROWS, EXACT_SHARE, ExactIndex, FaissIndex, rescore
from search.results import Candidates, Embeddings, Vector

N, D, LISTS, PARTS = 12_000, 32, 96, 12
SHARES = (0.5, 0.1, 0.01, 0.001)
CANDIDATES = 100


@pytest.fixture(scope="module")
def part() -> np.ndarray:
    """The part of the catalogue, such as a category, that each row belongs to."""
    return np.random.default_rng(1).integers(PARTS, size=N)


@pytest.fixture(scope="module")
def vectors(part: np.ndarray) -> np.ndarray:
    """Rows that crowd around kinds; kinds crowd around parts."""
    dice = np.random.default_rng(2)
    kinds = np.repeat(dice.standard_normal((PARTS, D)), 8, axis=0)
    kinds += 0.7 * dice.standard_normal(kinds.shape)
    rows = kinds[part * 8 + dice.integers(8, size=N)] + 0.7 * dice.standard_normal((N, D))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float16)


@pytest.fixture(scope="module")
def index(vectors: np.ndarray) -> FaissIndex:
    plan = IndexPlan(f"IVF{LISTS},PQ16x8np", "test", nlist=LISTS, m=16)
    return FaissIndex(train_index(plan, vectors), vectors, nprobe=4, exact_rows=500)


@pytest.fixture(scope="module")
def queries(vectors: np.ndarray) -> Embeddings:
    near = vectors[::800].astype(np.float32)
    near += 0.05 * np.random.default_rng(3).standard_normal(near.shape).astype(np.float32)
    return np.asarray(near / np.linalg.norm(near, axis=1, keepdims=True), dtype=np.float32)


def at_random(size: int) -> Mask:
    keep = np.zeros(N, np.bool_)
    keep[np.random.default_rng(size).choice(N, size, replace=False)] = True
    return keep


def whole_parts(vectors: np.ndarray, part: np.ndarray, query: Vector, first: int) -> list[int]:
    """Return rows part by part, from the `first` farthest on, as a category filter keeps them."""
    middles = np.stack([vectors[part == i].astype(np.float32).mean(axis=0) for i in range(PARTS)])
    order = np.roll(np.argsort(middles @ query), -first)
    return np.concatenate([np.flatnonzero(part == i) for i in order]).tolist()


def filters(vectors: np.ndarray, part: np.ndarray, query: Vector, size: int) -> Iterator[Mask]:
    yield at_random(size)
    for first in (0, PARTS // 2):
        keep = np.zeros(N, np.bool_)
        keep[whole_parts(vectors, part, query, first)[:size]] = True
        yield keep


@pytest.mark.parametrize("size", [*(round(share * N) for share in SHARES), 20])
def test_pages_are_full_and_hold_the_nearest(
    index: FaissIndex, vectors: np.ndarray, part: np.ndarray, queries: Embeddings, size: int
) -> None:
    """Filters keep random rows, the parts farthest from the query, and parts halfway."""
    found: list[list[Candidates]] = [[], [], []]
    truth: list[list[Candidates]] = [[], [], []]
    for query in queries:
        for i, keep in enumerate(filters(vectors, part, query, size)):
            candidates = index.search(query, CANDIDATES, keep)
            assert keep[candidates.rows].all()
            assert len(set(candidates.rows.tolist())) == min(size, CANDIDATES)
            found[i].append(rescore(vectors, query, candidates))
            truth[i].append(ExactIndex(vectors).search(query, 10, keep))

    assert [recall(f, t) >= 0.95 for f, t in zip(found, truth, strict=True)] == [True] * 3


@pytest.fixture
def visited(index: FaissIndex, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of lists that each search visited."""
    counts: list[int] = []
    visit = index.visit

    def watch(query: Vector, n: int, keep: Mask | None = None, *, nprobe: int) -> Candidates:
        counts.append(nprobe)
        return visit(query, n, keep, nprobe=nprobe)

    monkeypatch.setattr(index, "visit", watch)
    return counts


def test_a_narrow_filter_is_answered_from_the_vectors(
    index: FaissIndex, queries: Embeddings, visited: list[int]
) -> None:
    keep = at_random(500)

    found = index.search(queries[0], 30, keep)

    exact = ExactIndex(index.exact.vectors).search(queries[0], 30, keep)
    assert visited == []
    assert found.rows.tolist() == exact.rows.tolist()
    index.search(queries[0], 30, at_random(501))
    assert visited != []


def test_a_wide_filter_visits_as_many_more_lists_as_it_thins_out(
    index: FaissIndex, queries: Embeddings, visited: list[int]
) -> None:
    for size in (N, N // 2, N // 6):
        index.search(queries[0], 5, at_random(size))

    assert visited == [4, 4, 4, 8, 4, 24]  # 4: the nearest lists are searched first


def test_a_filter_far_from_the_query_visits_all_lists(
    index: FaissIndex,
    vectors: np.ndarray,
    part: np.ndarray,
    queries: Embeddings,
    visited: list[int],
) -> None:
    """The nearest lists hold none of the kept rows."""
    keep = np.zeros(N, np.bool_)
    keep[whole_parts(vectors, part, queries[0], 0)[: N // 4]] = True

    index.search(queries[0], 5, keep)

    assert visited == [4, LISTS]


def test_what_is_narrow_grows_with_the_catalogue() -> None:
    """The limit is a number for small catalogues, and a share for large ones."""
    few, many = np.empty((10, 1), np.float16), np.broadcast_to(np.float16(0), (4_000_000, 1))
    flat = train_index(IndexPlan("Flat", "test"), few)

    assert FaissIndex(flat, few, nprobe=0).exact_rows == EXACT_ROWS
    assert FaissIndex(flat, many, nprobe=0).exact_rows == EXACT_SHARE * 4_000_000
