"""Words move a photo's vector, in made-up spaces and with the embedded encoder."""

from collections.abc import Sequence

import numpy as np
import pytest

from indexer.sample import draw_product
from search.encoder import Encoder
from search.query.vector_arithmetic import AttributeChange, ValueDirections, compose
from search.results import Embeddings
from search.text.attribute_vocabulary import Attribute, Value, Vocabulary, load_vocabulary

COLOUR = Attribute(
    "colour", ("{}",), tuple(Value("colour", name, (name,)) for name in ("red", "green", "blue"))
)
RED, GREEN, BLUE = COLOUR.values
GAP = np.array([0, 0, 0, 0, 3.0], np.float32)  # texts lie far from pictures


class AxisEncoder:
    """Places texts on axes 0 to 2 by colour; axis 3 is shape."""

    def encode_texts(self, texts: Sequence[str]) -> Embeddings:
        """Encode colour names."""
        names = [value.name for value in COLOUR.values]
        rows = np.stack([np.eye(5, dtype=np.float32)[names.index(text)] + GAP for text in texts])
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def unit(*row: float) -> Embeddings:
    vector = np.array(row, np.float32)
    return vector / np.linalg.norm(vector)


PICTURES = np.stack(
    [unit(*np.eye(3)[colour], shape, 0) for colour in range(3) for shape in (-1.0, 1.0)]
).astype(np.float16)
"""Six pictures: red, green, blue, each in two shapes."""


@pytest.fixture
def directions() -> ValueDirections:
    return ValueDirections(AxisEncoder())  # type: ignore[arg-type]  # only texts are encoded


def nearest(vector: Embeddings) -> int:
    return int(np.argmax(PICTURES.astype(np.float32) @ vector))


@pytest.mark.parametrize(("colour", "expected"), [(GREEN, 3), (BLUE, 5)])
def test_the_named_value_replaces_the_photo_s(
    directions: ValueDirections, colour: Value, expected: int
) -> None:
    photo = PICTURES[1].astype(np.float32)
    moved = compose(photo, [AttributeChange(COLOUR, (colour,), ())], directions, PICTURES)
    assert nearest(photo) == 1
    assert nearest(moved) == expected
    assert float(np.linalg.norm(moved)) == pytest.approx(1, abs=1e-6)


def test_an_unwanted_value_is_left_and_the_shape_kept(directions: ValueDirections) -> None:
    photo = PICTURES[1].astype(np.float32)
    moved = compose(photo, [AttributeChange(COLOUR, (), (RED,))], directions, PICTURES)
    assert nearest(moved) in (3, 5)


def test_steps_do_not_depend_on_how_far_apart_texts_lie(directions: ValueDirections) -> None:
    """A model whose texts lie close together moves a photo as far as any other."""
    known = directions.of(COLOUR)
    small = ValueDirections(AxisEncoder())  # type: ignore[arg-type]
    small._known[COLOUR] = type(known)(known.values * 0.01, known.basis)
    changes = [AttributeChange(COLOUR, (GREEN,), ())]
    photo = PICTURES[1].astype(np.float32)
    assert compose(photo, changes, small, PICTURES) == pytest.approx(
        compose(photo, changes, directions, PICTURES), abs=1e-5
    )


def test_further_words_add_their_own_vector(directions: ValueDirections) -> None:
    photo = PICTURES[1].astype(np.float32)
    words = unit(0, 0, 0, -1, 0)
    moved = compose(photo, [], directions, PICTURES, words)
    assert moved @ words > photo @ words


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return load_vocabulary()


def test_the_embedded_encoder_finds_the_same_thing_in_another_colour(
    encoder: Encoder, vocabulary: Vocabulary
) -> None:
    """It beats the plain sum, on drawn products of which some come in several colours."""
    products = [draw_product(29, i, size_px=224) for i in range(90)]
    vectors = encoder.encode_images([product.image for product in products])
    colour = next(a for a in vocabulary.attributes if a.name == "colour")
    found = ValueDirections(encoder)
    ranks: dict[str, list[int]] = {"composed": [], "sum": []}
    for i, product in enumerate(products):
        for j, other in enumerate(products):
            wanted = vocabulary.value("colour", other.colour)
            if i == j or product.family != other.family or wanted is None:
                continue
            change = AttributeChange(colour, (wanted,), ())
            text = encoder.encode_texts([f"this, but in {other.colour}"])[0]
            for name, query in (
                ("composed", compose(vectors[i], [change], found, vectors.astype(np.float16))),
                ("sum", vectors[i] + text),
            ):
                ranks[name].append(int((vectors @ query > vectors[j] @ query).sum()))
    assert len(ranks["sum"]) >= 10
    assert np.mean(np.array(ranks["composed"]) == 0) > np.mean(np.array(ranks["sum"]) == 0)
    assert np.mean(np.array(ranks["composed"]) < 3) >= 0.8
