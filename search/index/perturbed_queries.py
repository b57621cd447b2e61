"""Queries like those to come, made of what an index holds: its pictures, seen differently."""

import numpy as np

from search.results import Embeddings, HalfVectors

NOISE = 0.35
"""Length of the random step from a stored vector to a query made of it; a shopper's photo of a
thing is about as far from the shop's own picture."""


def seen_again(vectors: HalfVectors, rng: np.random.Generator) -> Embeddings:
    """Return a query for each stored picture: its vector plus a random step, of unit length.

    So it is no perfect match of its own row, which counts like any other.

    Args:
        vectors: (n, d) float16, unit length.
        rng: Where the steps come from; the same state gives the same queries.

    Returns:
        (n, d) float32.
    """
    steps = rng.standard_normal(vectors.shape).astype(np.float32)
    steps *= NOISE / np.linalg.norm(steps, axis=1, keepdims=True)
    queries: Embeddings = vectors.astype(np.float32) + steps
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    return queries
