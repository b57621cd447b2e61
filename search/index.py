"""Nearest-neighbour search over unit vectors: the FAISS adapter, and exact search to judge it by.

A FAISS id is a row number of the generation's files. Search settings go with each call
(`SearchParametersIVF`), never onto the shared index, so that concurrent queries can't disturb
each other. Vocabulary and defaults follow FAISS: `nlist`, `nprobe`, `m`, `nbits`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import faiss
import numpy as np
import numpy.typing as npt

from search.columns import Mask
from search.results import Candidates, Embeddings, Vector

EXACT_BELOW = 1000
"""With fewer vectors, exact search is faster than any list look-up, and never wrong."""
POINTS_PER_LIST = 39
"""FAISS's own least number of training points per centroid."""
TRAINING_POINTS = 200_000
BYTES_PER_VECTOR = 64
OPQ_FROM = 5_000
"""OPQ learns a d×d rotation; with fewer vectors it fits noise and gains nothing."""
SEED = 20

HalfVectors = npt.NDArray[np.float16]
"""(n, d) float16, rows of unit length."""


class VectorIndex(Protocol):
    """Finds rows whose vectors have the largest inner product with a query."""

    def search(self, query: Vector, n: int, keep: Mask | None = None) -> Candidates:
        """Return at most n rows, best first.

        Args:
            query: (d,) float32, unit length.
            n: Rows to return; fewer where fewer are kept.
            keep: (n,) which rows may be returned; None: all.
        """
        ...


@dataclass(frozen=True, slots=True)
class IndexPlan:
    """Which index to build, and why."""

    factory: str
    reason: str
    nlist: int = 0  # 0: not an IVF index
    m: int = 0  # sub-quantizers, one byte each
    nbits: int = 8


def plan_index(n: int, d: int, memory_bytes: int | None = None) -> IndexPlan:
    """Derive the index from the number of vectors and the memory asked for.

    Args:
        n: Vectors to index.
        d: Their dimension.
        memory_bytes: For the codes; None: 64 bytes a vector.

    Returns:
        An exact index below a thousand vectors, else IVF-PQ with about 4·√n lists (as far as
        there are 39 training points for each) and one code byte for each 64th of the memory.
    """
    if n < EXACT_BELOW:
        return IndexPlan(
            "Flat",
            f"{n} vectors are fewer than {EXACT_BELOW}: exact search is fast and never wrong",
        )
    nlist = max(8, min(int(4 * np.sqrt(n)), n // POINTS_PER_LIST))
    budget = memory_bytes // n if memory_bytes else BYTES_PER_VECTOR
    m = max((m for m in range(1, d + 1) if d % m == 0 and m <= max(budget, 1)), default=1)
    pq = f"IVF{nlist},PQ{m}x8"
    why = f"{n} vectors of {d} dimensions, {m} bytes each, {nlist} lists"
    if n >= OPQ_FROM:
        return IndexPlan(f"OPQ{m},{pq}", f"{why}, rotated (OPQ) for smaller error", nlist, m)
    return IndexPlan(pq, f"{why}; too few vectors for OPQ to learn from", nlist, m)


def train_index(plan: IndexPlan, vectors: HalfVectors) -> Any:  # noqa: ANN401 - FAISS has no types
    """Train and fill a FAISS index; the same vectors give the same index.

    Args:
        plan: From `plan_index`.
        vectors: (n, d) float16, unit length; may be memory-mapped.

    Returns:
        A FAISS index with ids 0..n-1, inner product.
    """
    n, d = vectors.shape
    index = faiss.index_factory(d, plan.factory, faiss.METRIC_INNER_PRODUCT)
    if plan.nlist:
        _configure_training(index)
        rng = np.random.default_rng(SEED)
        sample = np.sort(rng.choice(n, min(n, TRAINING_POINTS), replace=False))
        index.train(np.asarray(vectors[sample], dtype=np.float32))
    for start in range(0, n, 50_000):
        index.add(np.asarray(vectors[start : start + 50_000], dtype=np.float32))
    return index


def _configure_training(index: Any) -> None:  # noqa: ANN401
    """Make clustering seeded, and spare warnings about small training sets planned for."""
    ivf: Any = faiss.downcast_index(faiss.extract_index_ivf(index))
    ivf.do_polysemous_training = False  # minutes of annealing for codes compared by Hamming distance
    for cp in (ivf.cp, ivf.pq.cp):
        cp.seed = SEED
        cp.min_points_per_centroid = 1


class FaissIndex:
    """A FAISS index, searched with settings of each call.

    Args:
        index: A FAISS index with inner product.
        vectors: (n, d) float16, what it holds; searched exactly where a filter keeps few.
        nprobe: Lists to visit without a filter.
    """

    EXACT_ROWS = 20_000
    """A filter that keeps no more is answered exactly: it costs a few milliseconds."""

    def __init__(self, index: Any, vectors: HalfVectors, nprobe: int) -> None:  # noqa: ANN401
        self.index, self.nprobe = index, nprobe
        self.exact = ExactIndex(vectors)
        self._wrapped = isinstance(index, faiss.IndexPreTransform)
        self.ivf = faiss.try_extract_index_ivf(index)

    def search(
        self, query: Vector, n: int, keep: Mask | None = None, *, nprobe: int | None = None
    ) -> Candidates:
        """Return at most n rows, best first; see `VectorIndex.search`.

        Args:
            nprobe: Lists to visit; None: what the index was tuned to.
        """
        if keep is None:
            return self._approximate(query, n, None, nprobe or self.nprobe)
        kept = int(keep.sum())
        if self.ivf is None or kept <= self.EXACT_ROWS:
            return self.exact.search(query, n, keep)
        # A filter thins out every list alike, so as many more are visited.
        widened = min(self.ivf.nlist, int(np.ceil(self.nprobe * len(keep) / kept)))
        found = self._approximate(query, n, keep, widened)
        return found if len(found.rows) >= min(n, kept) else self.exact.search(query, n, keep)

    def _approximate(self, query: Vector, n: int, keep: Mask | None, nprobe: int) -> Candidates:
        """Search the FAISS index itself."""
        swig: Any = faiss  # its constructors take keywords that its type stubs don't know
        options: dict[str, Any] = {}
        if keep is not None:
            options["sel"] = swig.IDSelectorBitmap(np.packbits(keep, bitorder="little"))
        if self.ivf is None:
            parameters = swig.SearchParameters(**options)
        else:
            parameters = swig.SearchParametersIVF(nprobe=nprobe, **options)
        if self._wrapped:
            parameters = swig.SearchParametersPreTransform(index_params=parameters)
        n = min(n, self.index.ntotal)
        similarities, rows = self.index.search(query[None], n, params=parameters)
        found = rows[0] >= 0
        return Candidates(rows[0][found], similarities[0][found])


class ExactIndex:
    """Exact search over stored vectors: the oracle, and the way through narrow filters."""

    BLOCK = 100_000

    def __init__(self, vectors: HalfVectors) -> None:
        self.vectors = vectors

    def search(self, query: Vector, n: int, keep: Mask | None = None) -> Candidates:
        """Return at most n rows, best first; ties go to the lower row."""
        rows = np.arange(len(self.vectors)) if keep is None else np.flatnonzero(keep)
        similarities = np.empty(len(rows), dtype=np.float32)
        for start in range(0, len(rows), self.BLOCK):
            part = slice(start, start + self.BLOCK)
            source = self.vectors[part] if keep is None else self.vectors[rows[part]]
            similarities[part] = source.astype(np.float32) @ query
        if len(rows) > n:
            threshold = np.partition(similarities, len(rows) - n)[len(rows) - n]
            near = np.flatnonzero(similarities >= threshold)
            rows, similarities = rows[near], similarities[near]
        order = np.lexsort((rows, -similarities))[:n]
        return Candidates(rows[order].astype(np.int64), similarities[order])


def recall_at(
    k: int, found: list[npt.NDArray[np.int64]], truth: list[npt.NDArray[np.int64]]
) -> float:
    """Return the mean share of the exact top k that was found among the first k."""
    shares = [
        len(np.intersect1d(f[:k], t[:k])) / max(1, len(t[:k]))
        for f, t in zip(found, truth, strict=True)
    ]
    return float(np.mean(shares))


def rescore(vectors: HalfVectors, query: Vector, found: Candidates) -> Candidates:
    """Order candidates by the exact inner product with the stored vectors."""
    similarities = vectors[found.rows].astype(np.float32) @ query
    order = np.lexsort((found.rows, -similarities))
    return Candidates(found.rows[order], similarities[order])


def tune_nprobe(
    index: FaissIndex, queries: Embeddings, *, target: float, candidates: int
) -> tuple[int, float]:
    """Find the smallest nprobe whose rescored recall at 10 meets the target.

    Args:
        index: A trained IVF index.
        queries: (q, d) float32, unit length.
        target: Recall at 10 against exact search.
        candidates: Rows that are rescored exactly per query.

    Returns:
        nprobe and the recall it reached; all lists and what they reach where none meets it.
    """
    exact = index.exact
    truth = [exact.search(query, 10).rows for query in queries]

    def recall(nprobe: int) -> float:
        found = [
            rescore(exact.vectors, query, index.search(query, candidates, nprobe=nprobe)).rows
            for query in queries
        ]
        return recall_at(10, found, truth)

    if index.ivf is None:
        return 0, recall(1)
    low, high = 0, 1
    while recall(high) < target and high < index.ivf.nlist:
        low, high = high, min(high * 2, index.ivf.nlist)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if recall(middle) >= target else (middle, high)
    return high, recall(high)


def write_index(index: Any, path: Path) -> None:  # noqa: ANN401
    """Write a FAISS index to a file."""
    faiss.write_index(index, str(path))


def read_index(path: Path) -> Any:  # noqa: ANN401
    """Read a FAISS index from a file.

    Raises:
        RuntimeError: it is no such file.
    """
    return faiss.read_index(str(path))
