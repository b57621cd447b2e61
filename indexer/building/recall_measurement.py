"""Measures a trained index on queries like a shopper's: recall against exact search, latency."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from search.encoder import Encoder
from search.index.generation_files import IndexMeasured, Latency
from search.index.index_planning import recall, tune_nprobe
from search.index.perturbed_queries import perturbed_queries
from search.index.vector_index import FaissIndex, rescore
from search.results import Embeddings, HalfVectors
from search.settings import Settings

QUERIES = 200
"""Queries of each kind that recall is measured on."""
EXACT_TIMED = 50
"""Most queries that exact search is timed on; with millions of vectors each takes seconds."""
SEED = 20


@dataclass(frozen=True, slots=True)
class Queries:
    """The queries that recall is measured with."""

    photos: Embeddings  # (p, d) float32
    texts: Embeddings  # (t, d) float32


def make_queries(vectors: HalfVectors, titles: Sequence[str], encoder: Encoder) -> Queries:
    """Make queries like a shopper's: stored pictures with noise added, and titles as texts.

    Args:
        vectors: (n, d) float16, unit length.
        titles: Of products; each is asked once.
        encoder: Of the model that made the vectors.

    Returns:
        At most 200 of each; the same vectors and titles give the same queries.
    """
    rng = np.random.default_rng(SEED)
    chosen = np.sort(rng.choice(len(vectors), min(QUERIES, len(vectors)), replace=False))
    photos = perturbed_queries(vectors[chosen], rng)
    distinct = sorted(set(titles))
    picked = rng.choice(len(distinct), min(QUERIES, len(distinct)), replace=False)
    return Queries(photos, encoder.encode_texts([distinct[i] for i in picked]))


def tune(
    faiss_index: Any,  # noqa: ANN401 - FAISS has no usable types
    vectors: HalfVectors,
    queries: Queries,
    settings: Settings,
) -> tuple[FaissIndex, IndexMeasured]:
    """Find the smallest nprobe that meets the recall target; measure what is reached with it.

    Args:
        faiss_index: Trained and filled.
        vectors: (n, d) float16, what it holds.
        queries: Both kinds count alike.
        settings: Recall target, and how many candidates are rescored.

    Returns:
        The index with that nprobe, and its recall and latency as searchers will see them.
    """
    both = np.concatenate([queries.photos, queries.texts])
    candidates = settings.candidates
    index = FaissIndex(faiss_index, vectors, nprobe=1)
    truth = index.exact.search_many(both, 10)
    index.nprobe = tune_nprobe(
        index, both, truth, target=settings.recall_target, candidates=candidates
    )
    found, ann_ms, exact_ms = [], [], []
    for query in both:
        started = time.perf_counter()
        found.append(rescore(vectors, query, index.search(query, candidates)))
        ann_ms.append((time.perf_counter() - started) * 1000)
    for query in both[:: max(1, len(both) // EXACT_TIMED)]:
        started = time.perf_counter()
        index.exact.search(query, candidates)
        exact_ms.append((time.perf_counter() - started) * 1000)
    photos = len(queries.photos)
    return index, IndexMeasured(
        recall_at_10=round(recall(found, truth), 5),
        recall_at_10_photo=round(recall(found[:photos], truth[:photos]), 5),
        recall_at_10_text=round(recall(found[photos:], truth[photos:]), 5),
        queries=len(both),
        ann_ms=_latency(ann_ms),
        exact_ms=_latency(exact_ms),
    )


def _latency(elapsed_ms: Sequence[float]) -> Latency:
    p50, p95 = np.percentile(elapsed_ms, [50, 95])
    return Latency(p50=round(float(p50), 3), p95=round(float(p95), 3))
