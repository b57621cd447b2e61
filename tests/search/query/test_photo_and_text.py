"""A text is read again after its misspelt words are corrected; exclusions stay exclusions."""

from search.encoder import Encoder
from search.query.photo_and_text import Composer
from search.text.attribute_vocabulary import load_vocabulary


def test_a_corrected_word_may_name_a_value_with_its_neighbours(encoder: Encoder) -> None:
    composer = Composer(encoder, load_vocabulary())
    before = composer.read("sky bleu chair, not leather")
    assert (before.wanted, before.wanted_text) == ((), "sky bleu chair")

    mentions = composer.read_corrected(before, "sky blue chair")

    assert [value.name for value in mentions.wanted] == ["sky blue"]
    assert [value.name for value in mentions.unwanted] == ["leather"]
    assert (mentions.wanted_text, mentions.free_text) == ("sky blue chair", "chair")
