"""Re-ranking stages: each takes an order of products and returns another, one module each.

Stages run in the order of `STAGES`. Each can be switched off, and what it moved is recorded. They
know arrays and the understood query; they read no database.
"""

from collections.abc import Mapping, Sequence

from search.errors import UnusableQuery
from search.ranking.stages.business_rules import apply_rules
from search.ranking.stages.cell_agreement import rerank_by_cells
from search.ranking.stages.consistency import lift_wished
from search.ranking.stages.expansion import expand_query
from search.ranking.stages.fusion import fuse_words
from search.ranking.stages.photo_region import rerank_by_region
from search.ranking.stages.stage_input import Ranking, Stage, StageInput, group
from search.results import StageMove
from search.telemetry.step_timer import Stopwatch

__all__ = ["STAGES", "Ranking", "Stage", "StageInput", "group", "rerank"]

STAGES: dict[str, Stage] = {
    "region": rerank_by_region,
    "expand": expand_query,
    "consistency": lift_wished,
    "local": rerank_by_cells,
    "fuse": fuse_words,
    "rules": apply_rules,
}
"""Re-ranking stages by name, in the order they run."""


def rerank(
    inputs: StageInput,
    ranking: Ranking,
    names: Sequence[str] | None = None,
    available: Mapping[str, Stage] = STAGES,
    stopwatch: Stopwatch | None = None,
) -> tuple[Ranking, dict[int, tuple[StageMove, ...]]]:
    """Run the stages and say what each moved.

    Args:
        inputs: The query and the rescored candidates.
        ranking: The exact order of products.
        names: Stages to run; None: all.
        available: All stages by name, in order: `STAGES`, or those that
            `search.engine.configured_stages` made.
        stopwatch: Takes the time of each stage.

    Returns:
        The final order, and for each product id the stages that moved it.

    Raises:
        UnusableQuery: there is no stage of such a name.
    """
    wanted = tuple(available) if names is None else tuple(names)
    if unknown := set(wanted) - set(available):
        raise UnusableQuery(f"Unknown stages {sorted(unknown)}; there are {list(available)}.")
    stopwatch = stopwatch or Stopwatch()
    moves: dict[int, list[StageMove]] = {}
    for name in (stage for stage in available if stage in wanted):
        before = {product: i for i, product in enumerate(ranking.product_ids.tolist(), 1)}
        with stopwatch.step(name):
            ranking = available[name](inputs, ranking)
        for after, product in enumerate(ranking.product_ids.tolist(), 1):
            if before[product] != after:
                moves.setdefault(product, []).append(StageMove(name, before[product], after))
    return ranking, {product: tuple(steps) for product, steps in moves.items()}
