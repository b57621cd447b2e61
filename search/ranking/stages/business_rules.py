"""The stage `rules`: moves boosted and buried products, those out of stock, and pinned ones.

It runs last, because a later stage would undo it. Rules bend relevance on purpose, so relevance is
measured without them.
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
so a shift is measured in the spread of the first so many scores."""
OUT_OF_STOCK_WEIGHT = 0.15
"""Weight by which `lower` moves a product down: behind products about as good. The product that a
photo shows still stands before products that only resemble it."""


def apply_rules(inputs: StageInput, ranking: Ranking) -> Ranking:
    """Re-rank as the rules in force ask.

    Shifts add up, and stay within one spread of the first hundred scores. A pinned product stands
    at its position whatever its score or stock. One that the filters left out is not shown.
    """
    rules = inputs.query.rules
    if not rules or not len(ranking):
        return ranking
    weights = np.zeros(len(ranking), np.float32)
    for shift in rules.shifts:
        weights[shifted(inputs.columns, ranking, shift)] += shift.weight
    weights = np.clip(weights, -1, 1)
    sold_out = ~inputs.columns.in_stock[ranking.rows]
    if rules.out_of_stock == "lower":
        weights[sold_out] -= OUT_OF_STOCK_WEIGHT
    if weights.any():
        spread = ranking.scores[0] - ranking.scores[min(len(ranking), REACH) - 1]
        ranking = ranking.sorted_by(ranking.scores + spread * weights)
    if rules.out_of_stock == "last":
        sold_out = ~inputs.columns.in_stock[ranking.rows]
        ranking = ranking.take(np.argsort(sold_out, kind="stable"))
    return ranking.take(_pinned(ranking.product_ids, rules.pins)) if rules.pins else ranking


def shifted(columns: Columns, ranking: Ranking, shift: Shift) -> Mask:
    """Return (n,) which products of a ranking a shift moves: one, a brand's or a category's."""
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
    """Return (n,) which rows have a value to keep. Only values that occur in them are checked."""
    codes, places = np.unique(facet.codes[rows], return_inverse=True)
    kept = np.array([code >= 0 and keep(facet.values[code]) for code in codes.tolist()])
    return np.asarray(kept[places])


def _pinned(product_ids: Ids, pins: tuple[Pin, ...]) -> npt.NDArray[np.intp]:
    """Return the order in which pinned products stand at their positions."""
    places = {product: i for i, product in enumerate(product_ids.tolist())}
    positions = {pin.product_id: pin.position for pin in reversed(pins) if pin.product_id in places}
    order = [i for product, i in places.items() if product not in positions]
    for product, position in sorted(positions.items(), key=lambda item: item[1]):
        order.insert(position - 1, places[product])
    return np.array(order, dtype=np.intp)
