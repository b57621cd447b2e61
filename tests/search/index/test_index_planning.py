"""Plans follow from rows and dimensions, training is repeatable, nprobe is measured."""

import faiss
import numpy as np
import pytest

from search.index.index_planning import (
    BYTES_PER_VECTOR,
    EXACT_BELOW,
    OPQ_FROM,
    POINTS_PER_LIST,
    IndexPlan,
    plan_index,
    recall,
    train_index,
    tune_nprobe,
)
from search.index.vector_index import FaissIndex, rescore
from search.results import Candidates
from tests.support.factories import clustered_vectors


def test_few_vectors_get_an_exact_index_and_the_plan_says_why() -> None:
    plan = plan_index(EXACT_BELOW - 1, 64)

    assert plan.factory == "Flat"
    assert plan.nlist == 0
    assert "999 vectors are fewer than 1000" in plan.reason


def test_from_a_thousand_on_there_are_lists() -> None:
    assert plan_index(EXACT_BELOW, 64).factory == "IVF25,PQ64x8np"


@pytest.mark.parametrize("n", [1000, 5000, 19_999, 20_000, 1_000_000, 50_000_000])
def test_lists_are_about_four_root_n_with_enough_points_each(n: int) -> None:
    plan = plan_index(n, 512)

    assert n // plan.nlist >= POINTS_PER_LIST
    assert plan.nlist == min(int(4 * n**0.5), n // POINTS_PER_LIST)
    assert f"IVF{plan.nlist}," in plan.factory


def test_many_vectors_are_rotated() -> None:
    assert plan_index(OPQ_FROM - 1, 256).factory.startswith("IVF")
    assert plan_index(OPQ_FROM, 256).factory.startswith("OPQ64,IVF")
    assert "rotated" in plan_index(OPQ_FROM, 256).reason


@pytest.mark.parametrize(
    ("planned", "found", "allowed"),
    [
        ("Flat", "Flat", True),
        ("Flat", "IVF30,PQ32x8np", False),
        ("IVF30,PQ32x8np", "Flat", False),
        ("IVF100,PQ32x8np", "IVF100,PQ32x8np", True),
        ("IVF100,PQ32x8np", "IVF125,PQ32x8np", True),
        ("IVF100,PQ32x8np", "IVF80,PQ32x8np", True),
        ("IVF100,PQ32x8np", "IVF126,PQ32x8np", False),
        ("IVF100,PQ32x8np", "IVF79,PQ32x8np", False),
        ("IVF100,PQ32x8np", "IVF100,PQ16x8np", False),
        ("OPQ32,IVF100,PQ32x8np", "IVF100,PQ32x8np", False),
        ("Pad80,IVF100,PQ16x8np", "Pad96,IVF100,PQ16x8np", False),
    ],
)
def test_a_plan_allows_an_index_of_its_parts_and_about_its_lists(
    planned: str, found: str, allowed: bool
) -> None:
    assert IndexPlan(planned, "").allows(found) is allowed


@pytest.mark.parametrize(
    ("d", "bytes_per_vector", "m"),
    [
        (512, None, 64),
        (512, 16, 16),
        (512, 100, 64),  # the largest divisor within the budget
        (640, 48, 40),
        (32, None, 32),  # never more than one byte per dimension
        (512, 1, 1),
    ],
)
def test_code_length_follows_from_memory(d: int, bytes_per_vector: int | None, m: int) -> None:
    n = 10_000
    plan = plan_index(n, d, bytes_per_vector * n if bytes_per_vector else None)

    assert plan.m == m
    assert d % m == 0
    assert m <= (bytes_per_vector or BYTES_PER_VECTOR)


def test_memory_below_a_byte_a_vector_still_makes_an_index() -> None:
    assert plan_index(10_000_000, 512, 2**20).m == 1


@pytest.mark.parametrize("n", [1500, OPQ_FROM])
def test_a_dimension_without_divisors_is_padded(n: int) -> None:
    plan = plan_index(n, 67, 16 * n)

    assert plan.factory.startswith("Pad80,")
    assert plan.m == 16
    assert faiss.index_factory(67, plan.factory, faiss.METRIC_INNER_PRODUCT).d == 67


@pytest.mark.parametrize(
    "plan",
    [
        IndexPlan("IVF30,PQ16x8np", "test", nlist=30, m=16),
        IndexPlan("OPQ8,IVF30,PQ8x8np", "test", nlist=30, m=8),
    ],
)
def test_training_repeats_itself_and_is_quiet(
    plan: IndexPlan, capfd: pytest.CaptureFixture[str]
) -> None:
    vectors = clustered_vectors(1200, 32).astype(np.float16)
    threads = faiss.omp_get_max_threads()

    first, second = (faiss.serialize_index(train_index(plan, vectors)) for _ in range(2))

    assert (first == second).all()
    assert capfd.readouterr() == ("", "")  # FAISS warns about few points by printing
    assert faiss.omp_get_max_threads() == threads


def candidates(*similarities: float) -> Candidates:
    return Candidates(np.arange(len(similarities)), np.array(similarities, dtype=np.float32))


def test_recall_counts_what_is_as_similar_as_the_truth() -> None:
    truth = candidates(0.9, 0.8, 0.7, 0.6)

    assert recall([candidates(0.9, 0.8, 0.7, 0.6, 0.1)], [truth]) == 1
    assert recall([candidates(0.9, 0.6, 0.6, 0.5)], [truth]) == 0.75
    assert recall([candidates(0.9, 0.8)], [truth]) == 0.5
    assert recall([candidates()], [truth]) == 0
    assert recall([candidates(0.9), candidates(0.1)], [candidates(0.9), candidates(0.2)]) == 0.5


def test_recall_does_not_care_which_of_equal_pictures_comes_first() -> None:
    truth = Candidates(np.array([0, 1]), np.array([0.5, 0.5], dtype=np.float32))
    others = Candidates(np.array([7, 9]), np.array([0.5, 0.499999], dtype=np.float32))

    assert recall([others], [truth]) == 1


@pytest.fixture(scope="module")
def index() -> FaissIndex:
    vectors = clustered_vectors(4000, 32, spread=1.5).astype(np.float16)
    plan = IndexPlan("IVF64,PQ16x8np", "test", nlist=64, m=16)
    return FaissIndex(train_index(plan, vectors), vectors, nprobe=1)


def reached(index: FaissIndex, queries: np.ndarray, nprobe: int, n: int) -> float:
    """Return the recall at 10 when exactly nprobe lists are searched."""
    truth = index.exact.search_many(queries, 10)
    vectors = index.exact.vectors
    found = [rescore(vectors, query, index.visit(query, n, nprobe=nprobe)) for query in queries]
    return recall(found, truth)


@pytest.mark.parametrize("target", [0.7, 0.9, 0.98])
def test_nprobe_is_the_smallest_that_meets_the_target(index: FaissIndex, target: float) -> None:
    queries = clustered_vectors(60, 32, clusters=100, spread=1.5, seed=0)
    truth = index.exact.search_many(queries, 10)

    nprobe = tune_nprobe(index, queries, truth, target=target, candidates=50)

    assert reached(index, queries, nprobe, 50) >= target
    assert nprobe > 1
    assert reached(index, queries, nprobe - 1, 50) < target


def test_nprobe_grows_until_candidates_are_filled(index: FaissIndex) -> None:
    queries = clustered_vectors(40, 32, clusters=100, spread=1.5, seed=0)
    truth = index.exact.search_many(queries, 10)

    nprobe = tune_nprobe(index, queries, truth, target=0.01, candidates=1000)

    filled = [len(index.visit(query, 1000, nprobe=nprobe).rows) == 1000 for query in queries]
    assert np.mean(filled) >= 0.95
    assert nprobe < index.nlist


def test_a_target_that_codes_are_too_short_for_does_not_cost_all_lists() -> None:
    vectors = clustered_vectors(4000, 32, spread=1.5).astype(np.float16)
    plan = IndexPlan("IVF64,PQ1x8np", "test", nlist=64, m=1)
    index = FaissIndex(train_index(plan, vectors), vectors, nprobe=1)
    queries = clustered_vectors(40, 32, clusters=100, spread=1.5, seed=0)
    truth = index.exact.search_many(queries, 10)

    nprobe = tune_nprobe(index, queries, truth, target=0.999, candidates=10)

    assert nprobe < 64
    assert reached(index, queries, nprobe, 10) >= reached(index, queries, 64, 10) - 0.0021


def test_an_index_without_lists_has_no_nprobe() -> None:
    vectors = clustered_vectors(50, 8).astype(np.float16)
    index = FaissIndex(train_index(plan_index(50, 8), vectors), vectors, nprobe=0)
    queries = clustered_vectors(5, 8)
    truth = index.exact.search_many(queries, 10)

    assert tune_nprobe(index, queries, truth, target=0.99, candidates=20) == 0
