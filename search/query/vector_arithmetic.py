"""Composes a photo and words into one vector: the photo, with what the words replace taken out.

In a space that pictures and words share, the values of an attribute span a subspace. Where words
name another value, the photo's part in that subspace is projected out, and a step towards the
named value is added. So "in green" keeps the shape and gives up the red. The right length of a
step differs by model, because pictures and words lie apart. Steps are therefore measured in
standard deviations over the catalogue's own pictures. This module reads no text;
`search.text.attribute_mentions` does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

import numpy as np

from search.encoder import Encoder
from search.results import Embeddings, StoredRows, Vector
from search.text.attribute_vocabulary import Attribute, Value

WANTED_STEP = 0.8
"""Step towards a wanted value, in standard deviations of the pictures' similarity to the photo."""
UNWANTED_STEP = 0.5
"""Step away from an unwanted value, in the same unit."""
FREE_TEXT_STEP = 0.6
"""Step towards words that name no value, in the same unit."""
SAMPLE = 1000
"""Pictures over which standard deviations are measured."""


@dataclass(frozen=True, slots=True)
class Directions:
    """Where the values of one attribute lie."""

    values: Embeddings  # (v, d) the value's prompts less the mean of all; not of unit length
    basis: Embeddings  # (r, d) orthonormal, spans them

    def project_out(self, vector: Vector) -> Vector:
        """Return a vector (d,) without its part in the subspace of the attribute."""
        return vector - self.basis.T @ (self.basis @ vector)


class ValueDirections:
    """Directions of attributes under one model, encoded when first needed. Thread safe."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._known: dict[Attribute, Directions] = {}
        self._lock = Lock()

    def of(self, attribute: Attribute) -> Directions:
        """Return the directions of an attribute with two values or more."""
        with self._lock:
            if attribute not in self._known:
                self._known[attribute] = self._encode(attribute)
            return self._known[attribute]

    def _encode(self, attribute: Attribute) -> Directions:
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
    """What words ask of one attribute."""

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
    """Return a query vector moved as words ask.

    Couairon et al. 2022 (SIMAT, arXiv:2112.03162) move a picture's vector by the difference of two
    text vectors. Here the old value is not known, so it is projected out instead.

    Args:
        start: (d,) float32, unit length: the photo, or the words of a query without one.
        changes: What words ask of attributes.
        directions: Of the same model.
        pictures: (n, d) the catalogue's vectors; an even sample of them is read.
        words: (d,) of the words that name no value; None: there are none.

    Returns:
        (d,) float32, unit length.
    """
    sample = np.asarray(pictures[:: max(1, len(pictures) // SAMPLE)], dtype=np.float32)
    scale = _spread(sample, start)
    moved = start
    for change in changes:
        moved = directions.of(change.attribute).project_out(moved)
    for change in changes:
        values, step = change.unwanted, -UNWANTED_STEP
        if change.wanted:
            values, step = change.wanted, WANTED_STEP
        places = [change.attribute.values.index(value) for value in values]
        direction = directions.of(change.attribute).values[places].mean(axis=0)
        moved = moved + step * scale / _spread(sample, direction) * direction
    if words is not None:
        moved = moved + FREE_TEXT_STEP * scale / _spread(sample, words) * words
    norm = float(np.linalg.norm(moved))
    return np.asarray(moved / norm if norm > 0 else start, dtype=np.float32)


def _spread(sample: Embeddings, direction: Vector) -> float:
    """Return the standard deviation of the sample along a direction; 1 where there is none."""
    spread = float((sample @ direction).std())
    return spread if spread > 1e-6 else 1.0
