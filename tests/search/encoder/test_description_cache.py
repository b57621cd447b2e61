"""Descriptions of photos are cached, and never mixed up."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from search.encoder import Encoder
from search.encoder.description_cache import RememberedPhotos
from search.encoder.local_features import EncodedPictures
from search.engine.search_engine import SearchEngine
from search.query.photo_regions import encode_photo
from search.query.regions import load_proposer
from search.results import Box, Filters, Query
from tests.support.factories import make_picture
from tests.support.shops.plain_shop import draw


class CountingPhotos:
    """An encoder that counts the pictures of each call."""

    def __init__(self, encoder: Encoder) -> None:
        self.encoder, self.calls = encoder, list[int]()

    def describe(self, images: Sequence[Image.Image]) -> EncodedPictures:
        """Describe pictures, and count them."""
        self.calls.append(len(images))
        return self.encoder.describe(images)


def test_known_pictures_are_not_asked_for_again(encoder: Encoder) -> None:
    counting = CountingPhotos(encoder)
    photos = RememberedPhotos(counting)
    first, second, third = (make_picture(i) for i in range(3))
    photos.describe([first, second])

    said = photos.describe([second, third, first, third])

    assert counting.calls == [2, 1]
    alone = encoder.describe([second, third, first, third])
    np.testing.assert_allclose(said.vectors, alone.vectors, atol=1e-2)
    np.testing.assert_allclose(said.weights, alone.weights, atol=1e-2)
    assert said.patches.shape == alone.patches.shape
    assert said.regions.shape == alone.regions.shape


def test_the_longest_unasked_is_forgotten_first(encoder: Encoder) -> None:
    counting = CountingPhotos(encoder)
    photos = RememberedPhotos(counting, kept=2)
    for i in (0, 1, 0, 2):
        photos.describe([make_picture(i)])
    counting.calls.clear()

    photos.describe([make_picture(0)])
    photos.describe([make_picture(1)])

    assert counting.calls == [1]


def test_the_same_pixels_in_another_shape_are_another_picture(encoder: Encoder) -> None:
    counting = CountingPhotos(encoder)
    photos = RememberedPhotos(counting)
    wide = Image.new("RGB", (64, 32), "red")

    photos.describe([wide])
    photos.describe([wide.transpose(Image.Transpose.ROTATE_90)])

    assert counting.calls == [1, 1]


def test_another_part_of_a_photo_costs_one_pass_of_one_picture(encoder: Encoder) -> None:
    counting = CountingPhotos(encoder)
    photos, photo = RememberedPhotos(counting), draw("Plate", "red")
    proposer = load_proposer()

    encode_photo(photo, Box(0, 0, 0.5, 0.5), photos, proposer)
    encode_photo(photo, Box(0.1, 0, 0.5, 0.5), photos, proposer)

    assert counting.calls == [2, 1]


def test_filters_and_pages_of_a_photo_need_no_encoding(engine: SearchEngine) -> None:
    photo = make_picture(41)
    engine.search(Query(photo=photo))
    counting = CountingPhotos(engine.answering().encoder)
    remembered = engine.answering().composer.describer
    assert isinstance(remembered, RememberedPhotos)
    asked, remembered._describer = remembered._describer, counting
    try:
        engine.search(Query(photo=photo, filters=Filters(in_stock=True), page=2))
    finally:
        remembered._describer = asked

    assert counting.calls == []
