"""Words that name attributes lift the products with these attributes."""

from dataclasses import replace

import numpy as np
import pytest

from search.query.attribute_wishes import find_wishes
from search.ranking.stages import Ranking, StageInput, group
from search.ranking.stages.consistency import lift_wished
from search.text.attribute_mentions import find_mentions
from search.text.attribute_vocabulary import load_vocabulary
from tests.support.candidates import columns, stage_input

PRODUCTS = [1, 2, 3, 4, 5]
VECTORS = np.array([[1, 0.0], [1, 0.1], [1, 0.2], [1, 0.3], [1, 5.0]])
"""The fifth is so far from the query that one word alone does not lift it to the others."""


def inputs(text: str, kind: str = "text") -> tuple[StageInput, Ranking]:
    of = columns(
        PRODUCTS,
        colour=["red", "Navy Blue", None, "green", "green"],
        pattern=["plain", "striped", "striped", None, "striped"],
    )
    context = stage_input(VECTORS, PRODUCTS, np.array([1.0, 0]), kind, of, text)
    vocabulary = load_vocabulary()
    wanted = find_mentions(text, vocabulary).wanted
    asking = replace(context.query, wishes=find_wishes(wanted, of, vocabulary))
    context = replace(context, query=asking)
    plain = group(context.product_ids, context.rows, context.similarities)
    assert plain.product_ids.tolist() == PRODUCTS
    return context, plain


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("a stripy jumper", [2, 3, 1, 4, 5]),  # in the shopper's words
        ("dark blue", [2, 1, 3, 4, 5]),  # and the merchant's
        ("dark blue stripes", [2, 3, 1, 4, 5]),  # both before one
        ("green or red", [1, 4, 2, 3, 5]),
        ("a purple jumper", [1, 2, 3, 4, 5]),  # no product has it
        ("a jumper", [1, 2, 3, 4, 5]),
        ("a tired jumper", [1, 2, 3, 4, 5]),  # not a whole word
        ("not red", [1, 2, 3, 4, 5]),  # an exclusion is no wish
    ],
)
def test_what_has_the_named_values_comes_first(text: str, order: list[int]) -> None:
    context, plain = inputs(text)

    assert lift_wished(context, plain).product_ids.tolist() == order


def test_similarities_stay_what_they_are() -> None:
    context, plain = inputs("striped")

    lifted = lift_wished(context, plain)

    by_product = dict(zip(plain.product_ids.tolist(), plain.similarities.tolist(), strict=True))
    again = dict(zip(lifted.product_ids.tolist(), lifted.similarities.tolist(), strict=True))
    assert again == by_product
    assert (np.diff(lifted.scores) <= 0).all()


def test_a_photo_alone_is_left_alone() -> None:
    context, plain = inputs("", "photo")

    assert lift_wished(context, plain) is plain


def test_beside_a_photo_words_weigh_more() -> None:
    """They name only the difference, so products that have it may be farther from the photo."""
    alone, plain = inputs("green stripes")
    beside, _ = inputs("green stripes", "both")

    assert lift_wished(alone, plain).product_ids.tolist()[0] != 5
    assert lift_wished(beside, plain).product_ids.tolist()[0] == 5


def test_one_hit_has_nothing_to_pass() -> None:
    context, plain = inputs("striped")
    first = plain.take(np.array([0]))

    assert lift_wished(context, first) is first
