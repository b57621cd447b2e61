"""From exact similarities to an order of products: named re-ranking stages, one module each.

Stages are small, run in the order of `STAGES`, can be switched off one by one, and leave a trace
of what they moved. Nothing here reads a database.
"""

from collections.abc import Mapping, Sequence

from search.errors import UnusableQuery
from search.ranking.stages.business_rules import apply_rules
from search.ranking.stages.cell_agreement import compare_parts
from search.ranking.stages.consistency import agree
from search.ranking.stages.expansion import expand
from search.ranking.stages.fusion import fuse
from search.ranking.stages.photo_region import look_closer
from search.ranking.stages.stage_input import Ranking, Stage, StageInput, group
from search.results import StageMove
from search.telemetry.step_timer import Stopwatch

__all__ = ["STAGES", "Ranking", "Stage", "StageInput", "group", "rerank"]

STAGES: dict[str, Stage] = {
    "region": look_closer,
    "expand": expand,
    "consistency": agree,
    "local": compare_parts,
    "fuse": fuse,
    "rules": apply_rules,
}
"""Re-ranking stages by name, in the order they run."""


def rerank(
    asked: StageInput,
    ranking: Ranking,
    names: Sequence[str] | None = None,
    known: Mapping[str, Stage] = STAGES,
    watch: Stopwatch | None = None,
) -> tuple[Ranking, dict[int, tuple[StageMove, ...]]]:
    """Run the stages and say what each moved.

    Args:
        asked: The query and the rescored candidates.
        ranking: The exact order of products.
        names: Stages to run; None runs all.
        known: All stages by name, in order: `STAGES`, or what `search.engine.configured_stages`
        made. watch: Takes the time of each stage.

    Returns:
        The final order, and for each product id the stages that moved it.

    Raises:
        UnusableQuery: a name is no stage.
    """
    wanted = tuple(known) if names is None else tuple(names)
    if unknown := set(wanted) - set(known):
        raise UnusableQuery(f"Unknown stages {sorted(unknown)}; there are {list(known)}.")
    watch = watch or Stopwatch()
    moves: dict[int, list[StageMove]] = {}
    for name in (stage for stage in known if stage in wanted):
        before = {product: i for i, product in enumerate(ranking.product_ids.tolist(), 1)}
        with watch.step(name):
            ranking = known[name](asked, ranking)
        for after, product in enumerate(ranking.product_ids.tolist(), 1):
            if before[product] != after:
                moves.setdefault(product, []).append(StageMove(name, before[product], after))
    return ranking, {product: tuple(steps) for product, steps in moves.items()}
