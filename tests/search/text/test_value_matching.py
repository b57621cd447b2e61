"""Attribute values are found by whole words and by the synonyms that shoppers use."""

import pytest

from search.text.attribute_vocabulary import Attribute, load_vocabulary
from search.text.value_matching import named_values

ATTRIBUTES = {attribute.name: attribute for attribute in load_vocabulary().attributes}


@pytest.mark.parametrize(
    ("attribute", "text", "named"),
    [
        ("colour", "A red chair", {"red"}),
        ("colour", "NAVY BLUE jumper", {"navy"}),  # the longer word wins
        ("colour", "sky blue, or blue", {"sky blue", "blue"}),
        ("colour", "a tired, redder chair", set()),  # not as part of a word
        ("colour", "off-white sofa", {"white"}),
        ("pattern", "striped shirt with polka dots", {"striped", "polka dot"}),
        ("material", "an oak table", {"wood"}),
        ("material", "oaks", {"wood"}),
        ("material", "", set()),
    ],
)
def test_names(attribute: str, text: str, named: set[str]) -> None:
    assert named_values(ATTRIBUTES[attribute], text) == named


def test_an_attribute_without_values_names_nothing() -> None:
    assert named_values(Attribute("scent", ("{}",), ()), "rose") == frozenset()
