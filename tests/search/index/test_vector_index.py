"""One suite for all indexes: they all find the same rows, or nearly."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from search.index.index_planning import IndexPlan, train_index
from search.index.product_columns import Mask
from search.index.vector_index import (
    ExactIndex,
    FaissIndex,
    VectorIndex,
    read_index,
    rescore,
    write_index,
)
from search.results import Candidates, Embeddings, Vector
from tests.support.factories import clustered_vectors

N, D = 3000, 32
PLANS = {
    "flat": IndexPlan("Flat", "test"),
    "ivfpq": IndexPlan("IVF32,PQ16x8np", "test", nlist=32, m=16),
    "rotated": IndexPlan("OPQ8,IVF32,PQ8x8np", "test", nlist=32, m=8),
    "padded": IndexPlan("Pad36,IVF32,PQ12x8np", "test", nlist=32, m=12),
}


@pytest.fixture(scope="module")
def vectors() -> np.ndarray:
    return clustered_vectors(N, D).astype(np.float16)


@pytest.fixture(scope="module")
def faiss_indexes(vectors: np.ndarray) -> dict[str, FaissIndex]:
    return {
        name: FaissIndex(train_index(plan, vectors), vectors, nprobe=8, exact_rows=50)
        for name, plan in PLANS.items()
    }


@pytest.fixture(params=["exact", *PLANS])
def index(
    request: pytest.FixtureRequest, vectors: np.ndarray, faiss_indexes: dict[str, FaissIndex]
) -> VectorIndex:
    return ExactIndex(vectors) if request.param == "exact" else faiss_indexes[request.param]


@pytest.fixture(scope="module")
def queries() -> Embeddings:
    return clustered_vectors(20, D, clusters=70, seed=0)


def brute_force(vectors: np.ndarray, query: Vector, n: int, keep: Mask | None = None) -> list[int]:
    """Return the best rows by sorting them all, in float64."""
    similarities = vectors.astype(np.float64) @ query.astype(np.float64)
    if keep is not None:
        similarities[~keep] = -np.inf
    order = np.argsort(-similarities, kind="stable")[:n]
    return [int(row) for row in order if similarities[row] > -np.inf]


def test_finds_a_stored_vector_first(index: VectorIndex, vectors: np.ndarray) -> None:
    found = index.search(vectors[77].astype(np.float32), 50)

    best = rescore(vectors, vectors[77].astype(np.float32), found)
    assert best.rows[0] == 77
    assert best.similarities[0] == pytest.approx(1, abs=2e-3)


def test_returns_as_many_as_asked_for_best_first(index: VectorIndex, queries: Embeddings) -> None:
    for query in queries:
        found = index.search(query, 700)  # more rows than eight lists hold
        assert len(found.rows) == len(set(found.rows.tolist())) == 700
        assert (np.diff(found.similarities) <= 0).all()
        assert found.rows.dtype == np.int64
        assert found.similarities.dtype == np.float32


def test_returns_all_when_fewer_are_there(index: VectorIndex, queries: Embeddings) -> None:
    assert sorted(index.search(queries[0], 10 * N).rows.tolist()) == list(range(N))


@pytest.mark.parametrize("kept", [1, 49, 200, 1500])
def test_a_filter_is_kept_and_never_starves(
    index: VectorIndex, queries: Embeddings, kept: int
) -> None:
    keep = np.zeros(N, dtype=np.bool_)
    keep[np.random.default_rng(kept).choice(N, kept, replace=False)] = True

    for query in queries:
        found = index.search(query, 100, keep)
        assert keep[found.rows].all()
        assert len(found.rows) == min(kept, 100)


def test_a_filter_far_from_the_query_never_starves(
    index: VectorIndex, vectors: np.ndarray, queries: Embeddings
) -> None:
    """All kept rows lie in lists that an unfiltered search would not visit."""
    keep = np.zeros(N, dtype=np.bool_)
    keep[np.argsort(vectors.astype(np.float32) @ queries[0])[:300]] = True

    found = index.search(queries[0], 100, keep)

    assert keep[found.rows].all()
    assert len(found.rows) == 100


def test_a_filter_that_keeps_nothing_finds_nothing(index: VectorIndex, queries: Embeddings) -> None:
    found = index.search(queries[0], 10, np.zeros(N, dtype=np.bool_))

    assert found.rows.shape == found.similarities.shape == (0,)


def test_a_filter_that_keeps_all_changes_nothing(index: VectorIndex, queries: Embeddings) -> None:
    free = index.search(queries[0], 50)
    filtered = index.search(queries[0], 50, np.ones(N, dtype=np.bool_))

    assert free.similarities == pytest.approx(filtered.similarities, abs=1e-5)


def test_narrow_filters_are_answered_exactly(
    index: VectorIndex, vectors: np.ndarray, queries: Embeddings
) -> None:
    keep = np.zeros(N, dtype=np.bool_)
    keep[::100] = True

    for query in queries:
        assert index.search(query, 10, keep).rows.tolist() == brute_force(vectors, query, 10, keep)


def test_the_oracle_agrees_with_sorting_everything(
    vectors: np.ndarray, queries: Embeddings
) -> None:
    oracle = ExactIndex(vectors)
    keep = np.random.default_rng(5).random(N) < 0.4

    for query in queries:
        assert oracle.search(query, 20).rows.tolist() == brute_force(vectors, query, 20)
        assert oracle.search(query, 20, keep).rows.tolist() == brute_force(vectors, query, 20, keep)


def test_many_queries_in_blocks_get_the_answers_of_single_ones(
    vectors: np.ndarray, queries: Embeddings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ExactIndex, "BLOCK_MANY", 700)
    oracle = ExactIndex(vectors)

    for query, found in zip(queries, oracle.search_many(queries, 15), strict=True):
        alone = oracle.search(query, 15)
        assert found.rows.tolist() == alone.rows.tolist()
        assert found.similarities == pytest.approx(alone.similarities, abs=1e-5)


def test_ties_go_to_the_lower_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ExactIndex, "BLOCK", 7)
    monkeypatch.setattr(ExactIndex, "BLOCK_MANY", 7)
    same = np.tile(clustered_vectors(1, D), (40, 1)).astype(np.float16)
    query = same[0].astype(np.float32)

    assert ExactIndex(same).search(query, 5).rows.tolist() == [0, 1, 2, 3, 4]
    assert ExactIndex(same).search_many(query[None], 5)[0].rows.tolist() == [0, 1, 2, 3, 4]


def test_rescoring_orders_by_the_stored_vectors(vectors: np.ndarray, queries: Embeddings) -> None:
    rows = np.arange(0, N, 10)
    mixed = Candidates(rows, np.zeros(len(rows), dtype=np.float32))
    keep = np.isin(np.arange(N), rows)

    found = rescore(vectors, queries[0], mixed)

    assert found.rows.tolist() == brute_force(vectors, queries[0], len(rows), keep)


@pytest.mark.parametrize("name", ["ivfpq", "rotated"])
def test_settings_of_concurrent_searches_do_not_mix(
    faiss_indexes: dict[str, FaissIndex], queries: Embeddings, name: str
) -> None:
    """Threads with different nprobe and filters get the same results as alone."""
    index = faiss_indexes[name]
    keep = np.arange(N) % 2 == 0
    kinds = [(query, mask, p) for query in queries for mask in (None, keep) for p in (1, 4, 32)]

    def search(kind: tuple[Vector, Mask | None, int]) -> list[int]:
        query, mask, nprobe = kind
        return [int(row) for row in index.visit(query, 30, mask, nprobe=nprobe).rows]

    alone = [search(kind) for kind in kinds]
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(search, kinds * 5))

    assert together == alone * 5
    assert len({tuple(rows) for rows in alone}) > len(queries) * 3  # the settings do differ


def test_an_index_survives_its_file(
    faiss_indexes: dict[str, FaissIndex], vectors: np.ndarray, queries: Embeddings, tmp_path: Path
) -> None:
    for name, index in faiss_indexes.items():
        write_index(index.index, tmp_path / name)
        again = FaissIndex(read_index(tmp_path / name), vectors, nprobe=8)
        found = again.search(queries[0], 40)
        assert found.rows.tolist() == index.search(queries[0], 40).rows.tolist()


def test_a_refusing_disk_is_an_os_error(
    faiss_indexes: dict[str, FaissIndex], tmp_path: Path
) -> None:
    with pytest.raises(OSError, match="can't be written"):
        write_index(faiss_indexes["flat"].index, tmp_path / "missing" / "index.faiss")
