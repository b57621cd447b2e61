"""Scales vectors to unit length, so that a dot product is their cosine."""

import numpy as np
import numpy.typing as npt

from search.results import Embeddings


def unit_rows(rows: npt.NDArray[np.floating]) -> Embeddings:
    """Scale the rows of (n, d) to unit length, float32; rows of zeros stay zeros."""
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(norms, 1e-12), dtype=np.float32)
