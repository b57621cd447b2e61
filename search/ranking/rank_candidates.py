"""From a query vector to an order of products: candidates, exact rescoring, re-ranking."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from search.index.generation_files import Generation
from search.index.product_columns import Columns, Mask
from search.query.understood_query import UnderstoodQuery
from search.ranking.stages import STAGES, Ranking, Stage, StageInput, group, rerank
from search.results import Ids, StageMove
from search.telemetry.step_timer import Stopwatch

MAX_NAMED = 100
"""Products that words may add to those that the index proposes, and pictures of them."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """The whole order of an answer, before paging."""

    ranking: Ranking
    moves: dict[int, tuple[StageMove, ...]]  # by product id
    stages_ms: dict[str, float] = field(default_factory=dict)  # by re-ranking stage


def rank(
    generation: Generation,
    query: UnderstoodQuery,
    *,
    candidates: int,
    stages: tuple[str, ...] | None = None,
    available: Mapping[str, Stage] = STAGES,
    stopwatch: Stopwatch | None = None,
) -> Ranked:
    """Rank the products of one generation for a query.

    PQ codes are lossy (Jégou et al. 2011, doi:10.1109/TPAMI.2010.57). So the index proposes
    candidates, and the stored vectors decide.

    Args:
        generation: The one that is searched.
        query: Its `keep` restricts the index search, and the products that words and rules add.
        candidates: Pictures to rescore exactly. The number does not depend on the page, so that
            paging is stable.
        stages: Names of the re-ranking stages to run; None: all.
        available: All stages by name, in order.
        stopwatch: Takes the time of each step.
    """
    stopwatch, stage_stopwatch = stopwatch or Stopwatch(), Stopwatch()
    with stopwatch.step("candidates"):
        rows = generation.candidates(query.vector, candidates, query.keep).rows
        rows = _with_named(generation, query, rows)
    with stopwatch.step("rerank"):
        vectors = np.asarray(generation.vectors[rows], dtype=np.float32)
        similarities = vectors @ query.vector
        product_ids = generation.columns.product_id[rows]
        inputs = StageInput(
            query=query,
            columns=generation.columns,
            rows=rows,
            product_ids=product_ids,
            vectors=vectors,
            patches=generation.patches,
            similarities=similarities,
        )
        exact = group(product_ids, rows, similarities)
        ranking, moves = rerank(inputs, exact, stages, available, stage_stopwatch)
    return Ranked(ranking, moves, stage_stopwatch.timings_ms)


def _with_named(generation: Generation, query: UnderstoodQuery, rows: Ids) -> Ids:
    """Add pictures of products that rules or words name and the index did not propose."""
    if len(query.extra_ids):
        added = rows_of(generation.columns, query.extra_ids, query.keep)
        rows = np.concatenate((rows, np.setdiff1d(added, rows)))
    if query.kind != "text" or (len(query.lexical) == 0 and query.brand_rows is None):
        return rows
    named = np.isin(generation.columns.product_id, query.lexical.product_ids[:MAX_NAMED])
    if query.brand_rows is not None:
        named |= query.brand_rows
    if query.keep is not None:
        named &= query.keep
    named[rows] = False
    if not named.any():
        return rows
    return np.concatenate([rows, generation.candidates(query.vector, MAX_NAMED, named).rows])


def rows_of(columns: Columns, product_ids: Ids, keep: Mask | None = None) -> Ids:
    """Return the rows of products, (n,) int64.

    Args:
        columns: Of the generation.
        product_ids: A product that the generation does not hold has no row.
        keep: (rows,) which rows may be returned; None: all.
    """
    found = np.isin(columns.product_id, product_ids)
    return np.flatnonzero(found if keep is None else found & keep)
