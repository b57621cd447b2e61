"""The representation of a vocabulary in a generation's signature."""

from search.text.attribute_vocabulary import Attribute, Value, Vocabulary


def test_its_representation_stays_as_it_is() -> None:
    """Signatures contain it, so a change would make every shop rebuild its index."""
    plain = Value("pattern", "plain", ("plain",))
    pattern = Attribute("pattern", ("a {} thing",), (plain,), ("pattern",), "plain")
    assert repr(Vocabulary((pattern,))) == (
        "Vocabulary(attributes=(Attribute(name='pattern', prompts=('a {} thing',), "
        "values=(Value(attribute='pattern', name='plain', words=('plain',)),), "
        "nouns=('pattern',), without='plain'),))"
    )
