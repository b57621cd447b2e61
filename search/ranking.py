"""From a query vector to an order of products: candidates, exact rescore, re-rank, facets.

Nothing here reads a database.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from search.columns import Mask
from search.generation import Generation
from search.rerank import Asked, Ranking, group, rerank
from search.results import FacetValue, StageMove, Vector


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
    vector: Vector,
    keep: Mask | None,
    *,
    candidates: int,
    stages: tuple[str, ...] | None = None,
    kind: str = "photo",
    watch: Stopwatch | None = None,
) -> Ranked:
    """Answer a query vector from one generation.

    Args:
        generation: The index to ask.
        vector: (d,) float32, unit length.
        keep: (rows,) bool, what filters leave; applied inside the index search. None: all.
        candidates: Pictures to rescore exactly. It does not depend on the page, so that
            paging is stable.
        stages: Re-ranking stages to run; None runs all.
        kind: Of the query: `photo`, `text`, `both` or `similar`.
        watch: Takes the time of each step.
    """
    watch = watch or Stopwatch()
    with watch.step("candidates"):
        found = generation.candidates(vector, candidates, keep)
    with watch.step("rerank"):
        vectors = np.asarray(generation.vectors[found.rows], dtype=np.float32)
        similarities = vectors @ vector
        product_ids = generation.columns.product_id[found.rows]
        asked = Asked(vector, kind, found.rows, product_ids, vectors, similarities)
        ranking, moves = rerank(asked, group(product_ids, found.rows, similarities), stages)
    return Ranked(ranking, moves)


def facets(generation: Generation, ranking: Ranking) -> dict[str, tuple[FacetValue, ...]]:
    """Count the values of each facet among the found products, most frequent first."""
    counted: dict[str, tuple[FacetValue, ...]] = {}
    for name in ("category", "brand", "colour"):
        column = getattr(generation.columns, name)
        codes, counts = np.unique(column.codes[ranking.rows], return_counts=True)
        values = [
            FacetValue(column.values[code], int(count))
            for code, count in zip(codes.tolist(), counts.tolist(), strict=True)
            if code >= 0
        ]
        counted[name] = tuple(sorted(values, key=lambda value: (-value.count, value.value)))
    return counted
