"""Measures how well a trained index fits new vectors, so that a build may reuse its training.

Catalogues change. Centroids and codes that were trained on last month's catalogue describe this
month's less well, and more lists must be visited for the same recall (Baranchuk et al. 2023,
*DeDrift*, arXiv:2308.02752). `indexer.building.index_training` decides by these measures.
"""

from typing import Any

import faiss
import numpy as np

from search.index.generation_files import Fit
from search.results import Embeddings, HalfVectors

SAMPLE = 10_000
"""Vectors on which errors are measured. Between two samples of one catalogue the mean errors differ
by 0.1%."""
SEED = 29
SMALL_ERROR = 1e-6
"""Added to errors before they are divided: a few pictures repeated many times have none."""


def measure_fit(index: Any, vectors: HalfVectors) -> Fit:  # noqa: ANN401 - FAISS has no types
    """Measure how well an index describes what it holds.

    Args:
        index: A FAISS IVF-PQ index, trained and filled, possibly behind linear transforms.
        vectors: (n, d) float16, unit length: those that it holds.

    Returns:
        Mean squared errors over a seeded sample, which is the same for the same n, and how uneven
        the lists are.
    """
    rows = np.random.default_rng(SEED).choice(len(vectors), min(SAMPLE, len(vectors)), False)
    sample = vectors[np.sort(rows)].astype(np.float32)
    ivf: Any = faiss.downcast_index(faiss.extract_index_ivf(index))
    within = _transformed(index, sample)
    nearest = ivf.quantizer.search(within, 1)[1][:, 0]
    centroids = ivf.quantizer.reconstruct_batch(nearest)
    return Fit(
        centroid_error=_mean_square(within - centroids),
        code_error=_mean_square(sample - index.sa_decode(index.sa_encode(sample))),
        imbalance=round(float(ivf.invlists.imbalance_factor()), 6),
    )


def drift_of(now: Fit, then: Fit) -> float:
    """Return the growth of the errors since an index was trained: 1.1 is a tenth more.

    It is the larger growth of both errors. Below 1 the index fits better than when it was trained.
    """
    pairs = ((now.centroid_error, then.centroid_error), (now.code_error, then.code_error))
    return round(max((a + SMALL_ERROR) / (b + SMALL_ERROR) for a, b in pairs), 6)


def _transformed(index: Any, vectors: Embeddings) -> Embeddings:  # noqa: ANN401
    """Return vectors as the lists see them: padded and rotated where the index does that."""
    if isinstance(index, faiss.IndexPreTransform):
        chain: Any = index.chain  # the stubs call it a list
        for place in range(chain.size()):
            vectors = faiss.downcast_VectorTransform(chain.at(place)).apply(vectors)
    return vectors


def _mean_square(differences: Embeddings) -> float:
    return round(float(np.square(differences).sum(axis=1).mean()), 6)
