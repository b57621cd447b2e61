"""Nearest-neighbour search over unit vectors: the FAISS adapter, and exact search to measure it.

A FAISS id is a row number of the generation's files. Search settings go with each call
(`SearchParametersIVF`), never onto the shared index, so that concurrent queries can't disturb
each other. `search.index.index_planning` plans, trains and tunes an index. Names and defaults are
those of FAISS: `nlist`, `nprobe`, `m`, `nbits`.
"""

from pathlib import Path
from typing import Any, Protocol

import faiss
import numpy as np
import numpy.typing as npt

from search.index.product_columns import Mask
from search.results import Candidates, Embeddings, HalfVectors, Ids, StoredRows, Vector

EXACT_ROWS = 4000
"""A filter that keeps at most so many rows is searched exactly, which is never wrong. That takes a
microsecond a row of 384 dimensions: as long as to visit all lists of 100,000 rows. `scripts/bench
filters` measures both."""
EXACT_SHARE = 1 / 500
"""A filter that keeps at most this share of the rows is searched exactly too. FAISS would have to
visit most lists for it, and to skip a row takes about this share of the time to compare it."""
WIDEN = 4
"""Factor by which more lists are visited where those visited held too few rows."""
NEAR_SHARE = 0.5
"""The lists nearest to a query hold a share of the rows that a filter keeps. Where they hold less
than this fraction of what an even spread would give, the kept rows lie far from the query."""


class VectorIndex(Protocol):
    """Finds rows whose vectors have the largest inner product with a query."""

    def search(self, query: Vector, n: int, keep: Mask | None = None) -> Candidates:
        """Return n rows, best first; fewer only where there are fewer or the filter keeps fewer.

        Args:
            query: (d,) float32, unit length.
            n: Rows to return.
            keep: (rows,) which rows may be returned; None: all.
        """
        ...


class ExactIndex:
    """Exact search over stored vectors: the ground truth, and the search behind narrow filters.

    Args:
        vectors: (rows, d) float16, unit length; may be memory-mapped.
        unpacked: Keep them as float32 too: three times the memory, several times as fast.
    """

    BLOCK = 512
    """Rows turned into float32 at a time for one query: few enough for the processor's cache."""
    BLOCK_MANY = 50_000
    """Rows turned into float32 at a time for many queries."""

    def __init__(self, vectors: HalfVectors, *, unpacked: bool = False) -> None:
        self.vectors = vectors
        self._searched = vectors.astype(np.float32) if unpacked else vectors

    def search(self, query: Vector, n: int, keep: Mask | None = None) -> Candidates:
        """Return the n best rows by inner product. Ties go to the lower row."""
        rows = np.arange(len(self.vectors)) if keep is None else np.flatnonzero(keep)
        similarities = np.empty(len(rows), dtype=np.float32)
        for start in range(0, len(rows), self.BLOCK):
            part = slice(start, start + self.BLOCK)
            source = self._searched[part] if keep is None else self._searched[rows[part]]
            similarities[part] = inner_products(source, query)
        return best(rows, similarities, n)

    def search_many(self, queries: Embeddings, n: int) -> list[Candidates]:
        """Search for many queries in one pass over the vectors, each as `search` does."""
        found = [Candidates(np.empty(0, np.int64), np.empty(0, np.float32)) for _ in queries]
        for start in range(0, len(self.vectors), self.BLOCK_MANY):
            block = self.vectors[start : start + self.BLOCK_MANY].astype(np.float32)
            rows = np.arange(start, start + len(block))
            for i, similarities in enumerate(queries @ block.T):
                so_far = found[i]
                found[i] = best(
                    np.concatenate([so_far.rows, rows]),
                    np.concatenate([so_far.similarities, similarities]),
                    n,
                )
        return found


class FaissIndex:
    """A FAISS index, searched with settings of each call. Safe to share between threads.

    Args:
        index: A FAISS index with inner product, ids 0..n-1.
        vectors: (n, d) float16: those that it holds, for exact search behind narrow filters.
        nprobe: Lists to visit without a filter; ignored where the index has no lists.
        exact_rows: A filter that keeps at most so many rows is searched exactly; None: the number
            that is fastest for this index.
    """

    def __init__(
        self,
        index: Any,  # noqa: ANN401 - FAISS has no usable types
        vectors: HalfVectors,
        nprobe: int,
        *,
        exact_rows: int | None = None,
    ) -> None:
        self.index, self.nprobe = index, nprobe
        by_share = max(EXACT_ROWS, int(EXACT_SHARE * len(vectors)))
        self.exact_rows = by_share if exact_rows is None else exact_rows
        self.exact, self.rows = ExactIndex(vectors), len(vectors)
        ivf = faiss.try_extract_index_ivf(index)
        self.nlist: int = 0 if ivf is None else ivf.nlist
        self._wrapped = isinstance(index, faiss.IndexPreTransform)

    def search(
        self,
        query: Vector,
        n: int,
        keep: Mask | None = None,
        *,
        nprobe: int | None = None,
        living: Mask | None = None,
    ) -> Candidates:
        """Return n rows, best first; see `VectorIndex.search`.

        Behind a narrow filter the search is exact, else it visits lists. It visits more and more
        of them until there are n rows, so that neither short lists nor a filter leave a page empty.

        Args:
            query: (d,) float32, unit length.
            n: Rows to return.
            keep: (rows,) which rows a filter keeps; None: all.
            nprobe: Lists to visit first; None: the number that the index was tuned to.
            living: (rows,) which rows are not dead; None: all. Unlike a filter it thins out all
                lists alike, so no more lists are visited for it.
        """
        if living is not None and keep is not None:
            keep = keep & living
        there = keep if living is None or keep is not None else living
        wanted = self.rows if there is None else int(np.count_nonzero(there))
        narrow = wanted <= max(self.exact_rows, 1)
        if keep is not None and (not self.nlist or narrow):
            return self.exact.search(query, n, keep)
        n = min(n, wanted)
        if keep is not None:
            return self._filtered(query, n, keep, wanted, nprobe or self.nprobe)
        visited = min(self.nlist, nprobe or self.nprobe)
        found = self.visit(query, n, living, nprobe=visited)
        while len(found.rows) < n and visited < self.nlist:
            visited = min(self.nlist, visited * WIDEN)
            found = self.visit(query, n, living, nprobe=visited)
        return found

    def search_many(self, queries: Embeddings, n: int) -> tuple[Ids, npt.NDArray[np.float32]]:
        """Search for many queries at once, without widening: for surveys of a whole catalogue.

        Args:
            queries: (q, d) float32, unit length.
            n: Rows for each.

        Returns:
            Rows (q, n) int64, best first, with -1 where fewer were found, and their approximate
            similarities (q, n) float32.
        """
        found = self.index.search(queries, n, params=self._parameters(self.nprobe, None))
        return found[1], found[0]

    def _filtered(self, query: Vector, n: int, keep: Mask, kept: int, nprobe: int) -> Candidates:
        """Visit as many times more lists as the filter thins them out, or all lists.

        That many are enough where the filter has nothing to do with the query. Where the kept rows
        lie far from the query, as those of another category do, they are about equally far in many
        lists. Some lists would fill a page, but not with the nearest rows. A first search of the
        nearest lists tells the two cases apart.
        """
        share = kept / len(keep)
        usual = int(NEAR_SHARE * share * len(keep) * nprobe / self.nlist)
        near = usual > 0 and len(self.visit(query, usual, keep, nprobe=nprobe).rows) == usual
        visited = int(np.ceil(nprobe / share)) if near else self.nlist
        found = self.visit(query, n, keep, nprobe=min(visited, self.nlist))
        if len(found.rows) < n and visited < self.nlist:
            return self.visit(query, n, keep, nprobe=self.nlist)
        return found

    def visit(self, query: Vector, n: int, keep: Mask | None = None, *, nprobe: int) -> Candidates:
        """Search nprobe lists and no more, however few rows they hold."""
        n = max(1, min(n, self.index.ntotal))
        parameters = self._parameters(nprobe, keep)
        similarities, rows = self.index.search(query[None], n, params=parameters)
        found = rows[0] >= 0
        return Candidates(rows[0][found], similarities[0][found])

    def _parameters(self, nprobe: int, keep: Mask | None) -> Any:  # noqa: ANN401
        """Return FAISS's settings of one call."""
        faiss_types: Any = faiss  # its type stubs lack the keywords of its constructors
        options: dict[str, Any] = {}
        if keep is not None:
            options["sel"] = faiss_types.IDSelectorBitmap(np.packbits(keep, bitorder="little"))
        if self.nlist:
            options["nprobe"] = max(nprobe, 1)
            parameters = faiss_types.SearchParametersIVF(**options)
        else:
            parameters = faiss_types.SearchParameters(**options)
        if self._wrapped:
            parameters = faiss_types.SearchParametersPreTransform(index_params=parameters)
        return parameters


def inner_products(vectors: HalfVectors | Embeddings, query: Vector) -> npt.NDArray[np.float32]:
    """Return (n,) float32, the inner products of stored vectors with a query.

    It does not use `@`: BLAS would spread so little work over threads, which on a busy machine wait
    for each other ten times longer than they compute.
    """
    products: npt.NDArray[np.float32] = np.einsum(
        "ij,j->i", vectors.astype(np.float32, copy=False), query
    )
    return products


def best(rows: Ids, similarities: npt.NDArray[np.float32], n: int) -> Candidates:
    """Return the n rows of largest similarity, best first. Ties go to the lower row."""
    if len(rows) > n > 0:
        threshold = np.partition(similarities, len(rows) - n)[len(rows) - n]
        near = np.flatnonzero(similarities >= threshold)
        rows, similarities = rows[near], similarities[near]
    order = np.lexsort((rows, -similarities))[:n]
    return Candidates(rows[order].astype(np.int64), similarities[order])


def rescore(vectors: StoredRows, query: Vector, found: Candidates) -> Candidates:
    """Order candidates by the exact inner product with the stored vectors."""
    similarities = inner_products(vectors[found.rows], query)
    return best(found.rows, similarities, len(found.rows))


def write_index(index: Any, path: Path) -> None:  # noqa: ANN401 - FAISS has no usable types
    """Write a FAISS index to a file.

    Raises:
        OSError: the disk refuses.
    """
    try:
        faiss.write_index(index, str(path))
    except RuntimeError as error:
        raise OSError(f"{path} can't be written: {error}") from error


def read_index(path: Path) -> Any:  # noqa: ANN401
    """Read a FAISS index from a file.

    Raises:
        RuntimeError: it is no FAISS index.
    """
    return faiss.read_index(str(path))
