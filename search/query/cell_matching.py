"""Compares pictures cell by cell: how far they agree, and where."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from search.results import CellPatches, Patches

Floats = npt.NDArray[np.float32]

STORED_LENGTH = 127.0
"""Length of a stored descriptor, which is int8."""


@dataclass(frozen=True, slots=True)
class QueryCells:
    """The cells of a query photo."""

    patches: Floats  # (cells, p) float32, unit length
    weights: Floats  # (cells,) float32, sum 1
    score_share: float  # of their agreement in a product's score; 0: the order ignores it


def query_cells(patches: CellPatches, weights: Floats, score_share: float) -> QueryCells:
    """Return the cells of a query from what a model says of one picture."""
    unit = patches.astype(np.float32) / np.float32(STORED_LENGTH)
    return QueryCells(unit, weights, score_share)


def agreement(cells: QueryCells, patches: Patches) -> Floats:
    """Return (n,) how well each of n pictures matches the query's cells: at most 1.

    Args:
        cells: Of the query.
        patches: (n, cells, p) int8, of the pictures.
    """
    return np.asarray(_best_matches(cells, patches) @ cells.weights, dtype=np.float32)


def _best_matches(cells: QueryCells, patches: Patches) -> Floats:
    """Return (n, query cells), the best cosine of each query cell in each picture."""
    # One matrix product for each picture, not one for all. BLAS would spread that one over
    # threads, which wait for each other ten times longer than they compute on a busy machine.
    cosines = patches.astype(np.float32) @ (cells.patches.T / np.float32(STORED_LENGTH))
    return np.asarray(cosines.max(axis=1))


def cell_agreement_maps(cells: QueryCells, patches: CellPatches) -> tuple[Floats, Floats]:
    """Return where two pictures agree, as maps of 0 to 1.

    Args:
        cells: Of the query.
        patches: (cells, p) int8, of the product's picture.

    Returns:
        (g, g) of the query and (g, g) of the product: for each cell the cosine with its best match
        in the other picture, lowered for cells that matter little in the query.
    """
    cosines = cells.patches @ (patches.astype(np.float32) / STORED_LENGTH).T
    importance = cells.weights / cells.weights.max()
    in_query = np.clip(cosines.max(axis=1), 0, 1) * importance
    in_product = np.clip((cosines * importance[:, None]).max(axis=0), 0, 1)
    side = round(len(cosines) ** 0.5)
    return in_query.reshape(side, side), in_product.reshape(round(len(patches) ** 0.5), -1)
