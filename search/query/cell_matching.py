"""Compares pictures cell by cell: how far they agree, and where."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from search.results import CellPatches, Patches

Floats = npt.NDArray[np.float32]

UNIT = 127.0
"""Length of a stored descriptor."""


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of a query photo."""

    patches: Floats  # (cells, p) float32, unit length
    weights: Floats  # (cells,) float32, sum 1
    share: float  # of their agreement in the score of a product; 0: not used for ordering


def cells_of(patches: CellPatches, weights: Floats, share: float) -> Cells:
    """Return what a model said of one picture as a query's cells."""
    return Cells(patches.astype(np.float32) / np.float32(UNIT), weights, share)


def agreement(cells: Cells, patches: Patches) -> Floats:
    """Return (n,) how well each of n pictures answers the query's cells: at most 1.

    Args:
        cells: Of the query.
        patches: (n, cells, p) int8, of the pictures.
    """
    return np.asarray(_best_matches(cells, patches) @ cells.weights, dtype=np.float32)


def _best_matches(cells: Cells, patches: Patches) -> Floats:
    """Return (n, query cells), the best cosine of each query cell in each picture."""
    # A product for each picture, not one for all: BLAS would spread that over threads, which on a
    # busy machine wait for each other ten times longer than they compute.
    cosines = patches.astype(np.float32) @ (cells.patches.T / np.float32(UNIT))
    return np.asarray(cosines.max(axis=1))


def where_alike(cells: Cells, patches: CellPatches) -> tuple[Floats, Floats]:
    """Return where two pictures agree, as maps of 0 to 1.

    Args:
        cells: Of the query.
        patches: (cells, p) int8, of the product's picture.

    Returns:
        (g, g) of the query and (g, g) of the product: for each cell the cosine with its best match
        in the other picture, what matters little in the query less.
    """
    cosines = cells.patches @ (patches.astype(np.float32) / UNIT).T
    matters = cells.weights / cells.weights.max()
    in_query = np.clip(cosines.max(axis=1), 0, 1) * matters
    in_product = np.clip((cosines * matters[:, None]).max(axis=0), 0, 1)
    side = round(len(cosines) ** 0.5)
    return in_query.reshape(side, side), in_product.reshape(round(len(patches) ** 0.5), -1)
