"""The attributes that a text wants and excludes, phrase by phrase."""

import pytest

from search.text.attribute_mentions import find_mentions
from search.text.attribute_vocabulary import Attribute, Value, Vocabulary, load_vocabulary


@pytest.mark.parametrize(
    ("text", "wanted", "unwanted", "words"),
    [
        ("armchair, not black", "", "black", "armchair"),
        ("not black or white", "", "black white", ""),
        ("not black, white or red", "", "black white red", ""),
        ("not black, white", "white", "black", "white"),
        ("not black but white", "white", "black", "but white"),
        ("not black/white", "", "black white", ""),
        ("neither black nor white", "", "black white", ""),
        ("no stripes and no flowers", "", "striped floral", "and"),
        ("anything but red", "", "red", ""),
        ("any colour but red", "", "red", ""),
        ("the same in any colour except white", "", "white", "the same in any colour"),
        ("like this, just not in grey", "", "grey", "like this"),
        ("not made of leather", "", "leather", ""),
        ("I don\u2019t want black", "", "black", "I"),
        ("non-leather sofa", "", "leather", "sofa"),
        ("leather-free sofa", "", "leather", "sofa"),
        ("sofa -black", "", "black", "sofa"),
        ("mug - black", "black", "", "mug - black"),
        ("in velvet instead of leather", "velvet", "leather", "in velvet"),
        ("rather than wood, metal please", "metal", "wood", "metal please"),
        ("without the black stripes", "", "striped", ""),
        ("not only black", "black", "", "not only black"),
        ("nothing but black", "black", "", "nothing but black"),
        ("no pattern", "plain", "", "plain"),
        ("black dress without pattern", "black plain", "", "black dress plain"),
        ("the same without the pattern", "plain", "", "the same plain"),
        ("a pattern-free dress", "plain", "", "a plain dress"),
        ("in one plain colour", "plain", "", "in one plain colour"),
        ("this, but in green", "green", "", "this, but in green"),
        ("Jet-Black", "black", "", "Jet-Black"),
        ("dark blue leathers", "navy leather", "", "dark blue leathers"),
        ("with a striped pattern in tan", "striped tan", "", "with a striped pattern in tan"),
        ("glasses and sunglasses", "", "", "glasses and sunglasses"),
        ("infrared blackboard", "", "", "infrared blackboard"),
        ("without arms", "", "", "without arms"),
        ("", "", "", ""),
    ],
)
def test_mentions(text: str, wanted: str, unwanted: str, words: str) -> None:
    found = find_mentions(text, load_vocabulary())
    assert [value.name for value in found.wanted] == wanted.split()
    assert [value.name for value in found.unwanted] == unwanted.split()
    assert found.wanted_text == words


@pytest.mark.parametrize(
    ("text", "further"),
    [
        ("this, but in green", ""),
        ("do you have this in green?", ""),
        ("the same, not black", ""),
        ("in green with wooden legs", "in with wooden legs"),
        ("smaller", "smaller"),
        ("for kids, in blue", "for kids, in"),
    ],
)
def test_what_is_said_beside_values(text: str, further: str) -> None:
    assert find_mentions(text, load_vocabulary()).free_text == further


@pytest.mark.parametrize(
    "text",
    ["chair with brass legs", "lamp with a brown shade and a black fitting", "without black legs"],
)
def test_what_is_said_of_a_part_is_not_said_of_the_thing(text: str) -> None:
    found = find_mentions(text, load_vocabulary())
    assert (found.mentions, found.wanted_text) == ((), text)


def test_a_mention_says_where_it_stands() -> None:
    text = "Not  Sky-Blue, please"
    (mention,) = find_mentions(text, load_vocabulary()).mentions
    assert text[mention.start : mention.end] == "Sky-Blue"
    assert (mention.value.name, mention.negated) == ("sky blue", True)


def test_a_shop_names_its_own_values_and_what_their_absence_is() -> None:
    sleeves = Attribute(
        "sleeve",
        ("{}",),
        (Value("sleeve", "sleeveless", ("sleeveless",)), Value("sleeve", "long", ("long",))),
        nouns=("sleeve",),
        without="sleeveless",
    )
    found = find_mentions("a dress without sleeves", Vocabulary((sleeves,)))
    assert [value.name for value in found.wanted] == ["sleeveless"]
    assert found.wanted_text == "a dress sleeveless"
