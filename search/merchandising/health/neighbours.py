"""The nearest pictures of other products, for every picture of a generation, in one pass.

Time grows with the rows and with the index lists that each visits; memory takes 12 bytes for each
neighbour.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from search.index.generation_files import Generation
from search.results import Ids

NEAREST = 12
FETCHED = 3 * NEAREST
"""Rows that the index is asked for: those of the product itself and its variants are dropped."""
BLOCK = 512


@dataclass(frozen=True, slots=True)
class Neighbours:
    """For each row of a generation the nearest rows of other products, best first."""

    rows: Ids  # (n, NEAREST) int64, -1 where fewer were found
    similarities: npt.NDArray[np.float32]  # (n, NEAREST) exact cosines; 0 beside -1


def find_neighbours(generation: Generation) -> Neighbours:
    """Search a generation for each of its own pictures; variants of a product don't count."""
    n = len(generation.vectors)
    rows = np.full((n, NEAREST), -1, dtype=np.int64)
    similarities = np.zeros((n, NEAREST), dtype=np.float32)
    variant = generation.columns.variant
    for start in range(0, n, BLOCK):
        queries = generation.vectors[start : start + BLOCK].astype(np.float32)
        found, _ = generation.index.search_many(queries, min(FETCHED, n))
        exact = np.einsum("qkd,qd->qk", generation.vectors[found].astype(np.float32), queries)
        own = variant[start : start + len(queries), None]
        other = (found >= 0) & (variant[found] != own)
        order = np.argsort(np.where(other, -exact, np.inf), axis=1, kind="stable")[:, :NEAREST]
        kept = np.take_along_axis(other, order, axis=1)
        width = order.shape[1]
        rows[start : start + len(queries), :width] = np.where(
            kept, np.take_along_axis(found, order, axis=1), -1
        )
        similarities[start : start + len(queries), :width] = np.where(
            kept, np.take_along_axis(exact, order, axis=1), 0
        )
    return Neighbours(rows, similarities)
