"""The stage `compose` lifts what fulfils a wish."""

from dataclasses import replace

import numpy as np
import pytest

from search.stages import Asked, group
from search.stages.composition import fulfil
from search.vocabulary import load_vocabulary
from search.wishes import wishes
from tests.candidates import asked, columns

VECTORS = np.array([[1, 0.1, 0], [1, 0.2, 0], [1, 0.3, 0], [1, 0.4, 0]])
COLOURS = ["red", None, "green", "red"]


def wishing(kind: str, *names: str) -> Asked:
    of = columns([1, 2, 3, 4], colour=COLOURS)
    context = asked(VECTORS, [1, 2, 3, 4], np.array([1.0, 0, 0]), kind, of)
    vocabulary = load_vocabulary()
    values = [v for name in names if (v := vocabulary.value("colour", name)) is not None]
    wished = replace(context.question, wishes=wishes(values, of, vocabulary))
    return replace(context, question=wished)


def order(context: Asked) -> list[int]:
    plain = group(context.product_ids, context.rows, context.similarities)
    return [int(i) for i in fulfil(context, plain).product_ids]


@pytest.mark.parametrize("kind", ["both", "text"])
def test_known_fulfilment_rises_above_silence_and_that_above_denial(kind: str) -> None:
    found = order(wishing(kind, "green"))
    assert sorted(found) == [1, 2, 3, 4]
    assert found.index(3) < found.index(4)
    assert found.index(2) < found.index(4)


def test_with_a_photo_a_wish_weighs_more_than_with_a_text_alone() -> None:
    assert order(wishing("both", "green"))[0] == 3
    assert order(wishing("text", "green"))[0] != 3


def test_without_a_wish_nothing_moves() -> None:
    context = wishing("both")
    plain = group(context.product_ids, context.rows, context.similarities)
    assert fulfil(context, plain) is plain
