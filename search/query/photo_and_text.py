"""Reads a query's photo and words as one: a vector, wishes, and what is out of the question.

Words that name attributes of a photographed thing replace what the photo says of them; words
beyond the vocabulary go through the encoder. What is not wanted is left out, never looked for.
"""

from dataclasses import dataclass

import numpy as np

from search.encoder import Encoder
from search.encoder.description_cache import Describer
from search.index.generation_files import Generation
from search.index.product_columns import Mask
from search.query.attribute_wishes import Wish, wishes, without
from search.query.photo_regions import PhotoRegions, look
from search.query.regions import RegionProposer, load_proposer
from search.query.vector_arithmetic import AttributeChange, ValueDirections, compose
from search.results import Query, Vector
from search.text.attribute_mentions import Mentions, find_mentions
from search.text.attribute_vocabulary import Value, Vocabulary

ANYTHING = "a thing"
"""What is looked for where a text only says what it is not."""


@dataclass(frozen=True, slots=True)
class Composed:
    """A photo, words or both, read against a generation."""

    vector: Vector  # (d,) float32, unit length
    looked: PhotoRegions | None  # what was seen in the photo
    wishes: tuple[Wish, ...]
    keep: Mask | None  # (rows,) what is not unwanted; None: all


class Composer:
    """Composes queries with one model and one vocabulary. Thread safe.

    Args:
        encoder: The model that built the generations.
        vocabulary: The values that words may name.
        proposer: Finds the things in a photo; None: the encoder.
        describer: Sees photos; None: the encoder.
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

    def read(self, text: str) -> Mentions:
        """Return what a text says of attributes."""
        return find_mentions(text, self.vocabulary)

    def compose(self, query: Query, said: Mentions, generation: Generation) -> Composed:
        """Compose a query that has a photo, a text, or both.

        Args:
            query: Its photo, and the part of it that is meant.
            said: What its text says, read by `read`.
            generation: To be asked.
        """
        looked = None
        if query.photo is None:
            vector = self._text(said, generation)
        else:
            changed = bool(said.words or said.unwanted)
            # A region beside the whole photo says nothing of what the words make of it.
            looked = look(query.photo, query.box, self.describer, self.proposer, closer=not changed)
            vector = looked.vector
            if changed:
                vector = self._changed(vector, said, generation)
        return Composed(
            vector=vector,
            looked=looked,
            wishes=wishes(said.wanted, generation.columns, self.vocabulary),
            keep=without(said.unwanted, generation.columns, self.vocabulary)
            if said.unwanted
            else None,
        )

    def _text(self, said: Mentions, generation: Generation) -> Vector:
        """Return the vector of words alone, turned away from what they do not want."""
        nothing = said.unwanted and not (said.wanted or said.further)
        vector: Vector = self.encoder.encode_texts([ANYTHING if nothing else said.words])[0]
        turns = self._changes((), said.unwanted)
        if not turns:
            return vector
        return compose(vector, turns, self._directions, generation.vectors)

    def _changed(self, photo: Vector, said: Mentions, generation: Generation) -> Vector:
        """Return the vector of a photo as words change it."""
        changes = self._changes(said.wanted, said.unwanted)
        words = said.further if changes else said.words
        encoded = self.encoder.encode_texts([words])[0] if words else None
        return compose(photo, changes, self._directions, generation.vectors, encoded)

    def _changes(
        self, wanted: tuple[Value, ...], unwanted: tuple[Value, ...]
    ) -> list[AttributeChange]:
        """Return what is said of each attribute that has something to choose from."""
        found = []
        for attribute in self.vocabulary.attributes:
            own = [
                tuple(v for v in side if v.attribute == attribute.name)
                for side in (wanted, unwanted)
            ]
            if any(own) and len(attribute.values) > 1:
                found.append(AttributeChange(attribute, own[0], own[1]))
        return found


def both(first: Mask | None, second: Mask | None) -> Mask | None:
    """Return the rows that two masks keep; None keeps all."""
    if first is None or second is None:
        return second if first is None else first
    return np.logical_and(first, second)
