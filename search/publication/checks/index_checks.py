"""Checks of an index alone: it finds its own picture, misses few neighbours, and is fast."""

import time

import numpy as np
import sqlalchemy
from sqlalchemy import select

from search.database.connection import session_scope
from search.database.models import Product
from search.index.generation_files import Generation
from search.index.index_planning import recall
from search.index.perturbed_queries import perturbed_queries
from search.index.vector_index import rescore
from search.publication.checks.comparison_sides import Sides
from search.publication.checks.rehearsal_outcome import RehearsalCheck, judged
from search.results import Candidates, Embeddings, Ids, Vector

PROBE_TOLERANCE = 0.01
"""Cosine of a stored picture with itself may be so far from 1: float16 rounds."""
QUERIES = 200
SEED = 61
"""Other queries than those that the build tuned its index with."""
UNNOTICED_MS = 20.0
"""Whatever the live index takes, a search in the index may take so long."""


def queries_of(generation: Generation) -> Embeddings:
    """Return at most 200 stored pictures seen again, (q, d) float32; always the same ones."""
    rng = np.random.default_rng(SEED)
    n = len(generation.vectors)
    chosen = np.sort(rng.choice(n, min(QUERIES, n), replace=False))
    return perturbed_queries(generation.vectors[chosen], rng)


def sampled_titles(
    database: sqlalchemy.Engine, product_ids: Ids, most: int, seed: int
) -> list[str]:
    """Return the titles of some of these products, each once; always the same ones."""
    distinct = np.unique(product_ids)
    chosen = np.random.default_rng(seed).choice(distinct, min(most, len(distinct)), replace=False)
    titles = select(Product.title).where(Product.id.in_(chosen.tolist())).order_by(Product.id)
    with session_scope(database) as session:
        return list(dict.fromkeys(session.scalars(titles)))


def answer(generation: Generation, query: Vector) -> Candidates:
    """Return the rescored candidates of a query, as searchers get them."""
    found = generation.candidates(query, generation.manifest.candidates)
    return rescore(generation.vectors, query, found)


def check_probe(generation: Generation) -> RehearsalCheck:
    """A stored picture finds itself."""
    row = len(generation.vectors) // 2
    found = answer(generation, np.asarray(generation.vectors[row], dtype=np.float32))
    # By similarity, not by row: a shop may use one picture for a thousand products.
    best = float(found.similarities[0]) if len(found.rows) else 0.0
    sentence = f"The picture in row {row} finds itself with a similarity of {best:.3f}."
    if abs(best - 1) > PROBE_TOLERANCE:
        sentence = f"It does not find its own picture (row {row}). Run `findalike build` again."
    off = judged("probe", abs(best - 1), PROBE_TOLERANCE, sentence)
    return RehearsalCheck("probe", off.verdict, sentence, round(best, 4), 1 - PROBE_TOLERANCE)


def check_recall(sides: Sides, generation: Generation, floor: float) -> RehearsalCheck:
    """The index, as it lies on disk, misses few of the exact best; nor did it when it was built.

    Asked are stored pictures seen again and, where the model can be loaded, titles: the build
    tuned the index for both.
    """
    queries, kinds = queries_of(generation), "pictures seen again"
    encoder = sides.encoder_of(generation)
    if encoder is not None:
        titles = sampled_titles(sides.database, generation.columns.product_id, QUERIES, SEED)
        queries, kinds = (
            np.concatenate([queries, encoder.encode_texts(titles)]),
            f"{kinds} and titles",
        )
    truth = generation.index.exact.search_many(queries, 10)
    sampled = recall([answer(generation, query) for query in queries], truth)
    built = generation.manifest.measured.recall_at_10
    sentence = (
        f"Recall at 10 against exact search is {sampled:.3f} over {len(queries)} {kinds}; "
        f"the build measured {built:.3f}."
    )
    worst = min(sampled, built)
    if worst < floor:
        sentence += " Raise FINDALIKE_INDEX_MEMORY_MB."
    return judged("recall", worst, floor, sentence, at_least=True)


def check_latency(new: Generation, live: Generation, limit: float) -> RehearsalCheck:
    """Searches in the new index take not much longer than in the live one, timed in turn."""
    asked = (new, queries_of(new)), (live, queries_of(live))
    for generation, queries in asked:
        for query in queries[:10]:  # pages of the files come in
            answer(generation, query)
    taken: tuple[list[float], list[float]] = ([], [])
    for turn in range(max(len(queries) for _, queries in asked)):
        for (generation, queries), elapsed_ms in zip(asked, taken, strict=True):
            started = time.perf_counter()
            answer(generation, queries[turn % len(queries)])
            elapsed_ms.append((time.perf_counter() - started) * 1000)
    new_ms, live_ms = (float(np.percentile(elapsed_ms, 95)) for elapsed_ms in taken)
    return judge_latency(new_ms, live_ms, limit)


def judge_latency(new_ms: float, live_ms: float, limit: float) -> RehearsalCheck:
    """Compare two 95th percentiles; what nobody notices passes however much slower it is."""
    ratio = new_ms / max(live_ms, 1e-3)
    sentence = (
        f"95 % of searches in the index take up to {new_ms:.1f} ms, {ratio:.1f} times the live "
        f"one's {live_ms:.1f} ms."
    )
    if new_ms <= UNNOTICED_MS:
        return RehearsalCheck("latency", "passed", sentence, round(ratio, 4), limit)
    return judged("latency", ratio, limit, sentence)
