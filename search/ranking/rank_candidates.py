"""From a query vector to an order of products: candidates, exact rescore, re-rank, facets.

Nothing here reads a database.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from search.index.generation_files import Generation
from search.index.product_columns import NO_PRICE, Columns, Mask
from search.query.understood_query import UnderstoodQuery
from search.ranking.stages import STAGES, Ranking, Stage, StageInput, group, rerank
from search.results import FacetValue, Ids, StageMove
from search.telemetry.step_timer import Stopwatch

NAMED = 100
"""Products that words may add to those that the index proposes, and as many pictures."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """The whole order of an answer, before paging."""

    ranking: Ranking
    moves: dict[int, tuple[StageMove, ...]]
    stages_ms: dict[str, float] = field(default_factory=dict)  # by re-ranking stage


def rank(
    generation: Generation,
    question: UnderstoodQuery,
    *,
    candidates: int,
    stages: tuple[str, ...] | None = None,
    known: Mapping[str, Stage] = STAGES,
    watch: Stopwatch | None = None,
) -> Ranked:
    """Answer a question from one generation.

    PQ codes are lossy (Jégou et al. 2011, doi:10.1109/TPAMI.2010.57), so the index proposes and
    the stored vectors decide.

    Args:
        generation: The index to ask.
        question: What is asked; what it keeps is applied inside the index search, and to the
            products that it adds.
        candidates: Pictures to rescore exactly. It does not depend on the page, so that
            paging is stable.
        stages: Re-ranking stages to run; None runs all.
        known: All stages by name, in order.
        watch: Takes the time of each step.
    """
    watch, inner = watch or Stopwatch(), Stopwatch()
    with watch.step("candidates"):
        rows = generation.candidates(question.vector, candidates, question.keep).rows
        rows = _with_named(generation, question, rows)
    with watch.step("rerank"):
        vectors = np.asarray(generation.vectors[rows], dtype=np.float32)
        similarities = vectors @ question.vector
        product_ids = generation.columns.product_id[rows]
        asked = StageInput(
            question=question,
            columns=generation.columns,
            rows=rows,
            product_ids=product_ids,
            vectors=vectors,
            patches=generation.patches,
            similarities=similarities,
        )
        ranking, moves = rerank(asked, group(product_ids, rows, similarities), stages, known, inner)
    return Ranked(ranking, moves, inner.timings_ms)


def _with_named(generation: Generation, question: UnderstoodQuery, rows: Ids) -> Ids:
    """Add pictures of products that rules or words name and the index did not propose."""
    if len(question.also):
        added = rows_of(generation.columns, question.also, question.keep)
        rows = np.concatenate((rows, np.setdiff1d(added, rows)))
    if question.kind != "text" or (len(question.lexical) == 0 and question.brand is None):
        return rows
    named = np.isin(generation.columns.product_id, question.lexical.product_ids[:NAMED])
    if question.brand is not None:
        named |= question.brand
    if question.keep is not None:
        named &= question.keep
    named[rows] = False
    if not named.any():
        return rows
    return np.concatenate([rows, generation.candidates(question.vector, NAMED, named).rows])


def rows_of(columns: Columns, product_ids: Ids, keep: Mask | None = None) -> Ids:
    """Return the rows of products, (n,) int64.

    Args:
        columns: Of the generation.
        product_ids: Those that it does not hold have no row.
        keep: (rows,) which rows may be returned; None: all.
    """
    found = np.isin(columns.product_id, product_ids)
    return np.flatnonzero(found if keep is None else found & keep)


def price_range(generation: Generation, ranking: Ranking) -> tuple[int, int] | None:
    """Return the lowest and the highest price of the found products; None where none has one."""
    prices = generation.columns.price_cents[ranking.rows]
    prices = prices[prices != NO_PRICE]
    return (int(prices.min()), int(prices.max())) if len(prices) else None


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
