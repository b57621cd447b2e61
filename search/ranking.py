"""From a query vector to an order of products: candidates, exact rescore, re-rank, facets.

Nothing here reads a database.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from search.generation import Generation
from search.question import Question
from search.results import FacetValue, StageMove
from search.stages import Asked, Ranking, group, rerank


@dataclass(slots=True)
class Stopwatch:
    """Milliseconds by step."""

    timings_ms: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time one step."""
        started = time.perf_counter()
        yield
        self.timings_ms[name] = (time.perf_counter() - started) * 1000


@dataclass(frozen=True, slots=True)
class Ranked:
    """The whole order of an answer, before paging."""

    ranking: Ranking
    moves: dict[int, tuple[StageMove, ...]]


def rank(
    generation: Generation,
    question: Question,
    *,
    candidates: int,
    stages: tuple[str, ...] | None = None,
    watch: Stopwatch | None = None,
) -> Ranked:
    """Answer a question from one generation.

    PQ codes are lossy (Jégou et al. 2011, doi:10.1109/TPAMI.2010.57), so the index proposes and
    the stored vectors decide.

    Args:
        generation: The index to ask.
        question: What is asked; what it keeps is applied inside the index search.
        candidates: Pictures to rescore exactly. It does not depend on the page, so that
            paging is stable.
        stages: Re-ranking stages to run; None runs all.
        watch: Takes the time of each step.
    """
    watch = watch or Stopwatch()
    with watch.step("candidates"):
        rows = generation.candidates(question.vector, candidates, question.keep).rows
    with watch.step("rerank"):
        vectors = np.asarray(generation.vectors[rows], dtype=np.float32)
        similarities = vectors @ question.vector
        product_ids = generation.columns.product_id[rows]
        asked = Asked(question, generation.columns, rows, product_ids, vectors, similarities)
        ranking, moves = rerank(asked, group(product_ids, rows, similarities), stages)
    return Ranked(ranking, moves)


def facets(generation: Generation, ranking: Ranking) -> dict[str, tuple[FacetValue, ...]]:
    """Count the values of each facet among the found products, most frequent first."""
    counted: dict[str, tuple[FacetValue, ...]] = {}
    for name, column in generation.columns.facets.items():
        codes, counts = np.unique(column.codes[ranking.rows], return_counts=True)
        values = [
            FacetValue(column.values[code], int(count))
            for code, count in zip(codes.tolist(), counts.tolist(), strict=True)
            if code >= 0
        ]
        counted[name] = tuple(sorted(values, key=lambda value: (-value.count, value.value)))
    return counted
