"""The recall floor of IVF-PQ with rescoring, against exact search on realistic seeded data."""

import numpy as np
import pytest

from search.index.index_planning import IndexPlan, plan_index, recall, train_index, tune_nprobe
from search.index.vector_index import FaissIndex, rescore
from search.results import Embeddings
from tests.support.factories import clustered_vectors

N, D, CANDIDATES = 5000, 128, 200
FLOOR = 0.95


@pytest.fixture(scope="module")
def queries() -> Embeddings:
    """Vectors of the same kinds of things that are not in the index."""
    return clustered_vectors(N + 100, D, clusters=125, spread=1.0)[N:]


def tuned(plan: IndexPlan, queries: Embeddings) -> FaissIndex:
    vectors = clustered_vectors(N + 100, D, clusters=125, spread=1.0)[:N].astype(np.float16)
    index = FaissIndex(train_index(plan, vectors), vectors, nprobe=1, exact_rows=0)
    truth = index.exact.search_many(queries, 10)
    index.nprobe = tune_nprobe(index, queries, truth, target=0.98, candidates=CANDIDATES)
    return index


@pytest.fixture(
    scope="module",
    params=[plan_index(N, D), IndexPlan("OPQ16,IVF128,PQ16x8np", "test", nlist=128, m=16)],
    ids=["planned", "short codes"],
)
def index(request: pytest.FixtureRequest, queries: Embeddings) -> FaissIndex:
    return tuned(request.param, queries)


def test_recall_at_10_stays_above_the_floor(index: FaissIndex, queries: Embeddings) -> None:
    vectors = index.exact.vectors
    truth = index.exact.search_many(queries, 10)
    found = [rescore(vectors, query, index.search(query, CANDIDATES)) for query in queries]

    assert recall(found, truth) >= FLOOR
    assert index.nprobe < index.nlist / 2  # or lists would gain nothing


@pytest.mark.parametrize("share", [0.5, 0.1, 0.02])
def test_filters_do_not_cost_recall(index: FaissIndex, queries: Embeddings, share: float) -> None:
    """Exact search is off here, so that even narrow filters search the lists."""
    keep = np.random.default_rng(1).random(N) < share
    vectors = index.exact.vectors
    truth = [index.exact.search(query, 10, keep) for query in queries]
    found = [rescore(vectors, query, index.search(query, CANDIDATES, keep)) for query in queries]

    assert recall(found, truth) >= FLOOR


def test_codes_alone_are_not_enough(queries: Embeddings) -> None:
    """Without rescoring, short codes would miss the floor."""
    index = tuned(IndexPlan("IVF128,PQ16x8np", "test", nlist=128, m=16), queries)
    truth = index.exact.search_many(queries, 10)
    vectors = index.exact.vectors
    unscored = [rescore(vectors, query, index.search(query, 10)) for query in queries]

    assert recall(unscored, truth) < 0.9
