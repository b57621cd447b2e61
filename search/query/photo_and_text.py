"""Composes a query's photo and words: one vector, wishes, and rows that are excluded.

Where words name attributes of a photographed thing, they replace what the photo says of these.
Words beyond the vocabulary go through the encoder. An unwanted value is excluded and never
searched for.
"""

from dataclasses import dataclass, replace

import numpy as np

from search.encoder import Encoder
from search.encoder.description_cache import Describer
from search.index.generation_files import Generation
from search.index.product_columns import Mask
from search.query.attribute_wishes import Wish, find_wishes, rows_without
from search.query.photo_regions import EncodedPhoto, encode_photo
from search.query.regions import RegionProposer, load_proposer
from search.query.vector_arithmetic import AttributeChange, ValueDirections, compose
from search.results import Query, Vector
from search.text.attribute_mentions import AttributeMentions, find_mentions
from search.text.attribute_vocabulary import Value, Vocabulary

ANYTHING = "a thing"
"""The text that is encoded where a query only says what it does not want."""


@dataclass(frozen=True, slots=True)
class ComposedQuery:
    """A photo, words or both, composed for one generation."""

    vector: Vector  # (d,) float32, unit length
    photo: EncodedPhoto | None
    wishes: tuple[Wish, ...]
    keep: Mask | None  # (rows,) not known to have an unwanted value; None: all


class Composer:
    """Composes queries with one model and one vocabulary. Thread safe.

    Args:
        encoder: The model that built the generations.
        vocabulary: The values that words may name.
        proposer: Finds the things in a photo; None: the encoder.
        describer: Describes photos; None: the encoder.
    """

    def __init__(
        self,
        encoder: Encoder,
        vocabulary: Vocabulary,
        proposer: RegionProposer | None = None,
        describer: Describer | None = None,
    ) -> None:
        self.encoder, self.vocabulary = encoder, vocabulary
        self.proposer = proposer or load_proposer()
        self.describer = describer or encoder
        self._directions = ValueDirections(encoder)

    def read(self, text: str) -> AttributeMentions:
        """Return what a text says of attributes."""
        return find_mentions(text, self.vocabulary)

    def read_corrected(self, mentions: AttributeMentions, corrected: str) -> AttributeMentions:
        """Return what a text says of attributes once its misspelt words are corrected.

        The words are read again, because a corrected word may name a value, alone or with its
        neighbours: "sky bleu". That takes a small part of the time to encode the text. Unwanted
        values stay as they were read, because their phrases are not part of the corrected text.

        Args:
            mentions: As the text was read before.
            corrected: Its `wanted_text`, corrected.
        """
        again = self.read(corrected)
        unwanted = tuple(mention for mention in mentions.mentions if mention.negated)
        return replace(again, mentions=again.mentions + unwanted)

    def compose(
        self, query: Query, mentions: AttributeMentions, generation: Generation
    ) -> ComposedQuery:
        """Compose a query that has a photo, a text, or both.

        Args:
            query: Its photo, and the part of it that the shopper marked.
            mentions: What its text says, from `read`.
            generation: The one that is searched.
        """
        photo = None
        if query.photo is None:
            vector = self._text_vector(mentions, generation)
        else:
            changes = bool(mentions.wanted_text or mentions.unwanted)
            # Words change what the whole photo shows; the vector of a region says nothing of that.
            photo = encode_photo(
                query.photo, query.box, self.describer, self.proposer, encode_region=not changes
            )
            vector = photo.vector
            if changes:
                vector = self._changed_vector(vector, mentions, generation)
        unwanted, columns = mentions.unwanted, generation.columns
        return ComposedQuery(
            vector=vector,
            photo=photo,
            wishes=find_wishes(mentions.wanted, columns, self.vocabulary),
            keep=rows_without(unwanted, columns, self.vocabulary) if unwanted else None,
        )

    def _text_vector(self, mentions: AttributeMentions, generation: Generation) -> Vector:
        """Return the vector of words alone, turned away from what they do not want."""
        only_unwanted = mentions.unwanted and not (mentions.wanted or mentions.free_text)
        text = ANYTHING if only_unwanted else mentions.wanted_text
        vector: Vector = self.encoder.encode_texts([text])[0]
        changes = self._changes((), mentions.unwanted)
        if not changes:
            return vector
        return compose(vector, changes, self._directions, generation.vectors)

    def _changed_vector(
        self, photo: Vector, mentions: AttributeMentions, generation: Generation
    ) -> Vector:
        """Return the vector of a photo as words change it."""
        changes = self._changes(mentions.wanted, mentions.unwanted)
        text = mentions.free_text if changes else mentions.wanted_text
        encoded = self.encoder.encode_texts([text])[0] if text else None
        return compose(photo, changes, self._directions, generation.vectors, encoded)

    def _changes(
        self, wanted: tuple[Value, ...], unwanted: tuple[Value, ...]
    ) -> list[AttributeChange]:
        """Return what words ask of each attribute that has at least two values."""
        changes = []
        for attribute in self.vocabulary.attributes:
            own = [
                tuple(value for value in values if value.attribute == attribute.name)
                for values in (wanted, unwanted)
            ]
            if any(own) and len(attribute.values) > 1:
                changes.append(AttributeChange(attribute, own[0], own[1]))
        return changes


def kept_by_both(first: Mask | None, second: Mask | None) -> Mask | None:
    """Return the rows that two masks keep; None keeps all."""
    if first is None or second is None:
        return second if first is None else first
    return np.logical_and(first, second)
