"""Retrieval measures on held-out pictures, by exact cosine; no index, no re-ranking."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from scripts.training.texts.text_space import Floats

Relevance = npt.NDArray[np.bool_]


def measure(queries: Floats, gallery: Floats, relevant: Relevance) -> dict[str, float]:
    """Rank the gallery for each query.

    Args:
        queries: (n, d) unit rows.
        gallery: (m, d) unit rows.
        relevant: (n, m); queries without a relevant row are left out.

    Returns:
        recall_at_1/5/10 (relevant rows among the first k, divided by min(k, all relevant)) and
        precision_at_10.
    """
    answerable = relevant.any(axis=1)
    order = np.argsort(-(queries[answerable] @ gallery.T), axis=1, kind="stable")[:, :10]
    hits = np.take_along_axis(relevant[answerable], order, axis=1)
    total = relevant[answerable].sum(axis=1)
    measures = {
        f"recall_at_{k}": float((hits[:, :k].sum(1) / np.minimum(k, total)).mean())
        for k in (1, 5, 10)
    }
    return measures | {"precision_at_10": float(hits.mean())}


def same_group(queries: Sequence[str], gallery: Sequence[str]) -> Relevance:
    """Return (n, m): which gallery rows have the group of which query."""
    return np.asarray(np.equal.outer(np.asarray(queries), np.asarray(gallery)), dtype=np.bool_)
