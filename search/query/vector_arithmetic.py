"""A photo and words as one vector: the photo, with what the words replace taken out.

In a space that pictures and words share, the values of an attribute span a subspace. What a photo
says there is projected out where words name another value, and the direction of that value put in;
so "in green" keeps the shape and gives up the red. How far a direction has to be followed differs
by model, for pictures and words lie apart: steps are measured in standard deviations over the
catalogue's own pictures. It reads no text; `search.text.attribute_mentions` does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np

from search.encoder import Encoder
from search.results import Embeddings, StoredRows, Vector
from search.text.attribute_vocabulary import Attribute, Value

WANTED = 0.8
"""How far a wanted value moves the query, against how far pictures differ from the photo."""
UNWANTED = 0.5
"""The same of an unwanted one, away from it."""
FREE_WORDS = 0.6
"""The same of words that name no value."""
SAMPLE = 1000
"""Pictures that spreads are measured on."""


@dataclass(frozen=True, slots=True)
class Directions:
    """Where the values of one attribute lie."""

    values: Embeddings  # (v, d) the value's prompts less the mean of all; not of unit length
    basis: Embeddings  # (r, d) orthonormal, spans them

    def without(self, vector: Vector) -> Vector:
        """Return a vector (d,) with all it says of the attribute projected out."""
        return vector - self.basis.T @ (self.basis @ vector)


class ValueDirections:
    """Directions of attributes under a model, each found when first asked for. Thread safe."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._known: dict[Attribute, Directions] = {}
        self._turn = Lock()

    def of(self, attribute: Attribute) -> Directions:
        """Return the directions of an attribute with two values or more."""
        with self._turn:
            if attribute not in self._known:
                self._known[attribute] = self._found(attribute)
            return self._known[attribute]

    def _found(self, attribute: Attribute) -> Directions:
        prompts = [
            prompt.replace("{}", value.words[0])
            for value in attribute.values
            for prompt in attribute.prompts
        ]
        encoded = self._encoder.encode_texts(prompts)
        means = encoded.reshape(len(attribute.values), -1, encoded.shape[1]).mean(axis=1)
        means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-6)
        centred = means - means.mean(axis=0)
        _, sizes, basis = np.linalg.svd(centred, full_matrices=False)
        return Directions(centred, basis[sizes > 1e-4 * sizes[0]])


@dataclass(frozen=True, slots=True)
class AttributeChange:
    """What words say of one attribute."""

    attribute: Attribute
    wanted: tuple[Value, ...]
    unwanted: tuple[Value, ...]


def compose(
    start: Vector,
    changes: Sequence[AttributeChange],
    directions: ValueDirections,
    pictures: StoredRows,
    words: Vector | None = None,
) -> Vector:
    """Return a query vector moved as words say.

    Differences of text vectors as moves of a picture's vector are Couairon et al. 2022 (SIMAT,
    arXiv:2112.03162); here the old value is not named but projected out.

    Args:
        start: (d,) float32, unit length: the photo, or the words of a query without one.
        changes: What is said of attributes.
        directions: Of the same model.
        pictures: (n, d) the catalogue's vectors; an even sample of them is read.
        words: (d,) of the further words, None where there are none.

    Returns:
        (d,) float32, unit length.
    """
    sample = np.asarray(pictures[:: max(1, len(pictures) // SAMPLE)], dtype=np.float32)
    scale = _spread(sample, start)
    moved = start
    for change in changes:
        moved = directions.of(change.attribute).without(moved)
    for change in changes:
        found = directions.of(change.attribute).values
        steps = ((change.wanted, WANTED),) if change.wanted else ((change.unwanted, -UNWANTED),)
        for values, step in steps:
            places = [change.attribute.values.index(value) for value in values]
            direction = found[places].mean(axis=0)
            moved = moved + step * scale / _spread(sample, direction) * direction
    if words is not None:
        moved = moved + FREE_WORDS * scale / _spread(sample, words) * words
    norm = float(np.linalg.norm(moved))
    return np.asarray(moved / norm if norm > 0 else start, dtype=np.float32)


def _spread(sample: Embeddings, direction: Vector) -> float:
    """Return the standard deviation of the sample along a direction; 1 where there is none."""
    spread = float((sample @ direction).std())
    return spread if spread > 1e-6 else 1.0
