"""Makes queries like a shopper's photos out of the vectors that an index holds."""

import numpy as np

from search.results import Embeddings, HalfVectors

NOISE = 0.35
"""Length of the random step from a stored vector to its query. A shopper's photo of a thing is as
far from the shop's own picture."""


def perturbed_queries(vectors: HalfVectors, rng: np.random.Generator) -> Embeddings:
    """Return a query for each stored vector: the vector after a random step, of unit length.

    A query is thus no perfect match of the row that it was made of.

    Args:
        vectors: (n, d) float16, unit length.
        rng: Source of the random steps. The same state gives the same queries.

    Returns:
        (n, d) float32, unit length.
    """
    steps = rng.standard_normal(vectors.shape).astype(np.float32)
    steps *= NOISE / np.linalg.norm(steps, axis=1, keepdims=True)
    queries: Embeddings = vectors.astype(np.float32) + steps
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    return queries
