"""Plans, trains and tunes an index: its kind, its parameters, and how many lists a search visits.

What can be measured is not guessed: nprobe is the smallest that reaches the wanted recall against
exact search. The same vectors give the same index.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import faiss
import numpy as np

from search.index.vector_index import FaissIndex, rescore
from search.results import Candidates, Embeddings, HalfVectors

EXACT_BELOW = 1000
"""Vectors below which exact search is as fast as any other, and never wrong."""
POINTS_PER_LIST = 39
"""FAISS's own minimum of training points per centroid."""
TRAINING_POINTS_PER_LIST = 64
TRAINING_POINTS = 500_000
BYTES_PER_VECTOR = 64
OPQ_FROM = 20_000
"""Vectors from which a rotation (OPQ) pays. It raises recall before rescoring (from 0.46 to 0.58 on
40,000 × 256 vectors in 16 bytes) for a few seconds of training. Among fewer vectors the rescored
candidates are so large a share that it gains nothing."""
THREADS_FROM = 50_000
"""Points from which clustering uses threads. With fewer, threads wait for each other longer than
they work."""
SEED = 20
TIE = 1e-5
"""Similarities closer than this are equal: float16 vectors are not more precise."""
SLACK = 0.002
"""Recall that is given up so as not to visit all lists, where even all lists miss the target."""
FILLED = 0.95
"""Share of queries that must find all their candidates in the lists that are visited first."""
ADD_ROWS = 50_000
MAX_LISTS_RATIO = 1.25
"""How many times more or fewer lists than planned an existing index may have. A catalogue that grew
or shrank by about a half leads to that ratio."""
_LISTS = re.compile(r"\bIVF(\d+)")


@dataclass(frozen=True, slots=True)
class IndexPlan:
    """Which index to build, and why."""

    factory: str  # of faiss.index_factory
    reason: str
    nlist: int = 0  # 0: exact, no lists
    m: int = 0  # bytes of a code; each quantizes d/m dimensions
    nbits: int = 8

    def allows(self, factory: str) -> bool:
        """Return whether an existing index is good enough for this plan.

        It has the same parts, and so many lists that searching it takes about as long.

        Args:
            factory: The FAISS factory string of the existing index.
        """
        planned, found = _LISTS.search(self.factory), _LISTS.search(factory)
        if planned is None or found is None:
            return self.factory == factory
        if _LISTS.sub("IVF", self.factory) != _LISTS.sub("IVF", factory):
            return False
        ratio = int(found[1]) / int(planned[1])
        return 1 / MAX_LISTS_RATIO <= ratio <= MAX_LISTS_RATIO


def plan_index(n: int, d: int, memory_bytes: int | None = None) -> IndexPlan:
    """Choose an index by the number of vectors and the memory for them.

    Args:
        n: Vectors to index.
        d: Their dimension.
        memory_bytes: For all codes together; None: 64 bytes a vector.

    Returns:
        Below a thousand vectors an exact index. Else IVF-PQ with about 4·√n lists, fewer where a
        list would have less than 39 training points. Codes are as long as memory allows, at most
        one byte per dimension. They are rotated (OPQ) where there are many vectors.
    """
    if n < EXACT_BELOW:
        few = f"{n} vectors are fewer than {EXACT_BELOW}: exact search is fast and never wrong"
        return IndexPlan("Flat", few)
    nlist = min(int(4 * np.sqrt(n)), n // POINTS_PER_LIST)
    m, padded = _code_bytes(d, memory_bytes // n if memory_bytes else BYTES_PER_VECTOR)
    why = f"{n} vectors of {d} dimensions in {nlist} lists, {m} bytes each"
    pq = f"IVF{nlist},PQ{m}x8np"  # np: no polysemous training, which nothing here would use
    pad = f"Pad{padded}," if padded != d else ""
    if n >= OPQ_FROM:
        return IndexPlan(f"{pad}OPQ{m},{pq}", f"{why}, rotated for smaller error", nlist, m)
    return IndexPlan(f"{pad}{pq}", f"{why}; too few vectors for a rotation to pay", nlist, m)


def _code_bytes(d: int, budget: int) -> tuple[int, int]:
    """Return the bytes of a code, and d padded to a multiple of them.

    A divisor of d needs no padding. Where there is none near the budget, d is padded with zeros.
    """
    most = max(1, min(budget, d))
    divisor = max(m for m in range(1, most + 1) if d % m == 0)
    m = divisor if divisor > most // 2 else most
    return m, -(-d // m) * m


def train_index(plan: IndexPlan, vectors: HalfVectors) -> Any:  # noqa: ANN401 - FAISS has no types
    """Train and fill a FAISS index.

    Args:
        plan: From `plan_index`.
        vectors: (n, d) float16, unit length; may be memory-mapped.

    Returns:
        A FAISS index with ids 0..n-1, inner product.
    """
    n, d = vectors.shape
    index = faiss.index_factory(d, plan.factory, faiss.METRIC_INNER_PRODUCT)
    if plan.nlist:
        quantizers = _configure_training(index, plan)
        points = min(n, TRAINING_POINTS, max(plan.nlist, 2**plan.nbits) * TRAINING_POINTS_PER_LIST)
        chosen = np.sort(np.random.default_rng(SEED).choice(n, points, replace=False))
        with _threads(1 if points < THREADS_FROM else faiss.omp_get_max_threads()):
            index.train(vectors[chosen].astype(np.float32))
        del quantizers  # FAISS kept bare pointers to them while it trained
    return fill_index(index, vectors)


def fill_index(index: Any, vectors: HalfVectors) -> Any:  # noqa: ANN401 - FAISS has no types
    """Replace the contents of a trained FAISS index by vectors. Return the index.

    Args:
        index: Trained. The vectors that it holds are removed.
        vectors: (n, d) float16, unit length; may be memory-mapped. Their ids are 0..n-1.
    """
    index.reset()
    for start in range(0, len(vectors), ADD_ROWS):
        index.add(vectors[start : start + ADD_ROWS].astype(np.float32))
    return index


def _configure_training(index: Any, plan: IndexPlan) -> list[Any]:  # noqa: ANN401
    """Seed the training, and limit its rounds to those that gain something.

    Measured on 5,000 × 256 vectors, 8 rounds instead of 25 lose 0.004 of recall before rescoring
    and none after it, in a third of the time. FAISS's warnings about few points per centroid are
    turned off, because the plan allows for them.

    Returns:
        Quantizers, which the caller keeps until the training is over.
    """
    ivf: Any = faiss.downcast_index(faiss.extract_index_ivf(index))
    quantizers = [ivf.pq]
    if isinstance(index, faiss.IndexPreTransform):
        chain: Any = index.chain  # the stubs call it a list
        transform: Any = faiss.downcast_VectorTransform(chain.at(chain.size() - 1))
        if isinstance(transform, faiss.OPQMatrix):
            rotated = faiss.ProductQuantizer(transform.d_out, plan.m, plan.nbits)
            transform.pq = rotated
            transform.niter, transform.niter_pq, transform.niter_pq_0 = 4, 4, 8
            transform.max_train_points = 2**plan.nbits * TRAINING_POINTS_PER_LIST // 2
            quantizers.append(rotated)
    for quantizer in quantizers:
        quantizer.cp.niter = 8
        quantizer.cp.max_points_per_centroid = TRAINING_POINTS_PER_LIST
    for cp in (ivf.cp, *(quantizer.cp for quantizer in quantizers)):
        cp.seed = SEED
        cp.min_points_per_centroid = 1
    return quantizers


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Let FAISS compute with this number of threads, in this thread and within a block."""
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(count)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


def recall(found: Sequence[Candidates], truth: Sequence[Candidates]) -> float:
    """Return the mean share of the exact best rows that were found.

    A found row counts where it is as similar as the last of the exact best. Pictures that are equal
    to the last bit tie, and their order means nothing.

    Args:
        found: For each query, rows best first, with exact similarities (see `rescore`).
        truth: For each query, the k best rows by exact search.
    """
    shares = []
    for near, exact in zip(found, truth, strict=True):
        k = len(exact.rows)
        least = exact.similarities[-1] - TIE if k else 0.0
        shares.append(np.count_nonzero(near.similarities[:k] >= least) / k if k else 1.0)
    return float(np.mean(shares))


def tune_nprobe(
    index: FaissIndex,
    queries: Embeddings,
    truth: Sequence[Candidates],
    *,
    target: float,
    candidates: int,
) -> int:
    """Find the smallest nprobe whose rescored results reach the target recall.

    Args:
        index: A trained index.
        queries: (q, d) float32, unit length.
        truth: For each query, its best rows by exact search.
        target: Recall against `truth` to reach.
        candidates: Rows that are rescored exactly per query. Nearly all queries must find as many
            in the lists visited first; the others are searched twice.

    Returns:
        nprobe; 0 for an index without lists. Where even all lists miss the target, because codes
        are too short, the smallest nprobe whose recall is within `SLACK` of theirs.
    """
    if not index.nlist:
        return 0
    vectors = index.exact.vectors
    wanted = min(candidates, len(vectors))
    measured: dict[int, tuple[float, bool]] = {}

    def measure(nprobe: int) -> tuple[float, bool]:
        if nprobe not in measured:
            visited = [index.visit(query, candidates, nprobe=nprobe) for query in queries]
            pairs = zip(queries, visited, strict=True)
            found = [rescore(vectors, query, near) for query, near in pairs]
            filled = np.mean([len(near.rows) >= wanted for near in visited]) >= FILLED
            measured[nprobe] = recall(found, truth), bool(filled)
        return measured[nprobe]

    def meets(nprobe: int, goal: float) -> bool:
        reached, filled = measure(nprobe)
        return reached >= goal and filled

    high = 1
    while high < index.nlist and not meets(high, target):
        high = min(high * 2, index.nlist)
    goal = min(target, measure(high)[0] - SLACK) if not meets(high, target) else target
    low = 0
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if meets(middle, goal) else (middle, high)
    return high
