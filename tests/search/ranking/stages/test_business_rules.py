"""Business rules move the products that they name, as far as they state, and no others."""

from dataclasses import replace

import numpy as np
import pytest

from search.query.rule_effects import Pin, RuleEffects, Shift
from search.ranking.stages import Ranking, StageInput, rerank
from search.ranking.stages.business_rules import apply_rules
from search.ranking.stages.stage_input import group
from tests.support.candidates import columns, stage_input

BRANDS: list[str | None] = ["Aldern", "Bryx", None, "ALDERN ", "Bryx"]
CATEGORIES: list[str | None] = ["Home > Mugs", "Home", None, "Homeware", "home>mugs > Tall"]


def ordered(rules: RuleEffects, sold_out: tuple[int, ...] = ()) -> list[int]:
    """Return products 1 to 5, with scores from 0.9 down to 0.5, as rules order them."""
    context, plain = candidates(sold_out)
    query = replace(context.query, rules=rules)
    ranking = apply_rules(replace(context, query=query), plain)
    assert sorted(ranking.product_ids.tolist()) == [1, 2, 3, 4, 5]
    return ranking.product_ids.tolist()


def candidates(sold_out: tuple[int, ...] = ()) -> tuple[StageInput, Ranking]:
    cosines = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
    vectors = np.stack((cosines, np.sqrt(1 - cosines**2)), axis=1)
    ids = [1, 2, 3, 4, 5]
    held = columns(ids, brand=BRANDS, category=CATEGORIES)
    held = replace(held, in_stock=~np.isin(ids, sold_out))
    context = stage_input(vectors, ids, np.array([1.0, 0.0]), "text", held)
    return context, group(context.product_ids, context.rows, context.similarities)


def test_without_rules_nothing_moves() -> None:
    context, plain = candidates((1, 2))
    assert apply_rules(context, plain) is plain


@pytest.mark.parametrize(
    ("pins", "expected"),
    [
        ((Pin(1, 4),), [4, 1, 2, 3, 5]),
        ((Pin(3, 1),), [2, 3, 1, 4, 5]),
        ((Pin(1, 5), Pin(2, 4)), [5, 4, 1, 2, 3]),
        ((Pin(9, 1),), [2, 3, 4, 5, 1]),
        ((Pin(1, 77), Pin(2, 3)), [1, 3, 2, 4, 5]),  # 77 is not among the found products
        ((Pin(1, 3), Pin(2, 3)), [3, 1, 2, 4, 5]),
    ],
)
def test_pinned_products_stand_at_their_positions(
    pins: tuple[Pin, ...], expected: list[int]
) -> None:
    assert ordered(RuleEffects(pins)) == expected


def test_a_weight_of_one_lifts_the_last_beside_the_first() -> None:
    assert ordered(RuleEffects(shifts=(Shift(1, product_id=5),)))[:2] in ([1, 5], [5, 1])
    assert ordered(RuleEffects(shifts=(Shift(0.6, product_id=5),))) == [1, 2, 5, 3, 4]
    assert ordered(RuleEffects(shifts=(Shift(0.1, product_id=5),))) == [1, 2, 3, 4, 5]
    assert ordered(RuleEffects(shifts=(Shift(-0.6, product_id=1),))) == [2, 3, 1, 4, 5]


def test_shifts_add_up_within_bounds() -> None:
    many = tuple(Shift(-1, product_id=1) for _ in range(5))
    context, plain = candidates()
    query = replace(context.query, rules=RuleEffects(shifts=many))
    moved = apply_rules(replace(context, query=query), plain)
    at = moved.product_ids.tolist().index(1)
    assert float(moved.scores[at]) == pytest.approx(0.5, abs=1e-5)


def test_brands_and_categories_are_compared_as_filters_compare_them() -> None:
    assert ordered(RuleEffects(shifts=(Shift(-0.9, brand="aldern"),))) == [2, 3, 1, 5, 4]
    assert ordered(RuleEffects(shifts=(Shift(-0.9, category="Home"),))) == [3, 4, 1, 2, 5]
    assert ordered(RuleEffects(shifts=(Shift(-0.9, category="Home > Mugs"),)))[-2:] == [1, 5]


def test_what_is_out_of_stock() -> None:
    assert ordered(RuleEffects(out_of_stock="last"), (1, 3)) == [2, 4, 5, 1, 3]
    assert ordered(RuleEffects(out_of_stock="lower"), (2,)) == [1, 2, 3, 4, 5], "far from the next"
    wide = RuleEffects((Pin(1, 3),), out_of_stock="last")
    assert ordered(wide, (3, 4)) == [3, 1, 2, 5, 4], "pinned on purpose"


def test_about_as_good_comes_first_where_it_can_be_bought() -> None:
    cosines = np.array([0.9, 0.89, 0.3])
    vectors = np.stack((cosines, np.sqrt(1 - cosines**2)), axis=1)
    held = replace(columns([1, 2, 3]), in_stock=np.array([False, True, True]))
    context = stage_input(vectors, [1, 2, 3], np.array([1.0, 0.0]), "photo", held)
    query = replace(context.query, rules=RuleEffects(out_of_stock="lower"))
    plain = group(context.product_ids, context.rows, context.similarities)
    ranking, moves = rerank(replace(context, query=query), plain)
    assert ranking.product_ids.tolist() == [2, 1, 3]
    assert [move.stage for move in moves[2]] == ["rules"]


def test_a_single_product_stays() -> None:
    context = stage_input(np.eye(2)[:1], [1], np.array([1.0, 0.0]))
    rules = RuleEffects((Pin(4, 1),), (Shift(-1, product_id=1),), "last")
    query = replace(context.query, rules=rules)
    plain = group(context.product_ids, context.rows, context.similarities)
    assert apply_rules(replace(context, query=query), plain).product_ids.tolist() == [1]
