"""Business rules: boosted and buried products, what is out of stock, pinned products.

Runs last of the stages that order, since a later one would undo it. Rules bend relevance on
purpose, so measurements of relevance ask without them.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from search.index.product_columns import Columns, Facet, Mask
from search.query.rule_effects import Pin, Shift
from search.ranking.stages.stage_input import Ranking, StageInput
from search.results import Ids
from search.text.normalise import folded, folded_path

REACH = 100
"""Hits over which a weight of 1 moves a product. Scores differ in scale by model and kind of query,
so shifts are measured in the spread of the scores among these."""
OUT_OF_STOCK_WEIGHT = 0.15
"""How far `lower` moves what is out of stock: behind what is about as good, but a photo's own
product stays before what merely resembles it."""


def apply_rules(asked: StageInput, ranking: Ranking) -> Ranking:
    """Re-rank as the rules in force ask.

    Shifts add up and stay within one spread of the first hundred scores. Pinned products stand at
    their positions whatever their score or stock, as long as they are among the found: filters
    may have left them out.
    """
    rules = asked.question.rules
    if not rules or not len(ranking):
        return ranking
    weights = np.zeros(len(ranking), np.float32)
    for shift in rules.shifts:
        weights[meant(asked.columns, ranking, shift)] += shift.weight
    weights = np.clip(weights, -1, 1)
    sold_out = ~asked.columns.in_stock[ranking.rows]
    if rules.out_of_stock == "lower":
        weights[sold_out] -= OUT_OF_STOCK_WEIGHT
    if weights.any():
        spread = ranking.scores[0] - ranking.scores[min(len(ranking), REACH) - 1]
        ranking = ranking.sorted_by(ranking.scores + spread * weights)
    if rules.out_of_stock == "last":
        sold_out = ~asked.columns.in_stock[ranking.rows]
        ranking = ranking.take(np.argsort(sold_out, kind="stable"))
    return ranking.take(_pinned(ranking.product_ids, rules.pins)) if rules.pins else ranking


def meant(columns: Columns, ranking: Ranking, shift: Shift) -> Mask:
    """Return (n,) which products of a ranking a shift means: its own, its brand's or category's."""
    if shift.product_id is not None:
        return np.asarray(ranking.product_ids == shift.product_id)
    if shift.brand is not None:
        brand = folded(shift.brand)
        return _having(columns.facets["brand"], ranking.rows, lambda v: folded(v) == brand)
    path = folded_path(shift.category or "")
    below = f"{path} > "
    return _having(
        columns.facets["category"], ranking.rows, lambda v: f"{folded_path(v)} > ".startswith(below)
    )


def _having(facet: Facet, rows: Ids, keep: Callable[[str], bool]) -> Mask:
    """Return (n,) which rows have a value to keep; only values that occur are looked at."""
    codes, places = np.unique(facet.codes[rows], return_inverse=True)
    kept = np.array([code >= 0 and keep(facet.values[code]) for code in codes.tolist()])
    return np.asarray(kept[places])


def _pinned(product_ids: Ids, pins: tuple[Pin, ...]) -> npt.NDArray[np.intp]:
    """Return the order in which pinned products stand at their positions."""
    at = {product: i for i, product in enumerate(product_ids.tolist())}
    wanted = {pin.product_id: pin.position for pin in reversed(pins) if pin.product_id in at}
    order = [i for product, i in at.items() if product not in wanted]
    for product, position in sorted(wanted.items(), key=lambda item: item[1]):
        order.insert(position - 1, at[product])
    return np.array(order, dtype=np.intp)
