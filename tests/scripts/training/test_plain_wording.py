"""Texts are reduced to plain wording before the sentence teacher encodes them."""

import numpy as np
import pytest

from scripts.training.texts.plain_wording import phrase_with_pattern, plain_wording, spoken
from scripts.training.texts.text_space import meaning_of


@pytest.mark.parametrize(
    ("said", "plain"),
    [
        ("mug", "mug"),
        ("do you have a mug?", "mug"),
        ("I am looking for an armchair, please", "armchair"),
        ("show me trainers", "trainers"),
        ("a photo of a blue sofa", "blue sofa"),
        ("a blue mug with stripes", "striped blue mug"),
        ("a scarf in a tartan check", "checked scarf"),
        ("blanket made of wool", "wool blanket"),
        ("do you have a mug made of stoneware with stripes?", "stoneware striped mug"),
        ("a chair without a pattern and with oak legs", "plain chair with oak legs"),
        ("spotted umbrella", "polka dot umbrella"),
        ("", ""),
        ("the", "the"),
    ],
)
def test_plain_wording(said: str, plain: str) -> None:
    assert sorted(plain_wording(said).split()) == sorted(plain.split())


def test_the_thing_comes_last() -> None:
    """As in the captions that pictures are taught with."""
    assert plain_wording("a mug made of stoneware with stripes").split()[-1] == "mug"


def test_colours_are_no_meaning() -> None:
    assert meaning_of(["do you have a red mug with stripes?", "red"]) == ["striped mug", ""]


def test_what_is_spoken_means_what_was_meant() -> None:
    rng = np.random.default_rng(3)

    for phrase in ("striped mug", "oak table", "dress with pockets"):
        for _ in range(20):
            assert plain_wording(spoken(phrase, rng)) == phrase


def test_made_up_phrases_repeat_with_their_seed() -> None:
    phrases = [phrase_with_pattern(np.random.default_rng(seed)) for seed in (1, 1, 2)]

    assert phrases[0] == phrases[1] != phrases[2]
