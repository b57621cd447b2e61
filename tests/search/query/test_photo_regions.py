"""A photo is encoded twice: as a whole, and cropped to the meant thing."""

from dataclasses import dataclass

import numpy as np
import pytest
from PIL import Image

from indexer.sample.drawn_product import draw_product
from search.encoder import Encoder
from search.encoder.local_features import EncodedPictures
from search.query.photo_regions import MARGIN, encode_photo
from search.query.regions import EncoderRegions, SaliencyRegions
from search.results import Box, Region
from tests.support.factories import make_picture

SIDE_PX, THING_PX = 320, 140
PROPOSER = EncoderRegions(SaliencyRegions())


@dataclass(frozen=True)
class Proposed:
    """Proposes the regions that a test names."""

    regions: tuple[Region, ...]

    def propose(self, photo: Image.Image, described: EncodedPictures) -> tuple[Region, ...]:
        """Return the same regions for every photo."""
        return self.regions


def cluttered(seed: int) -> tuple[Image.Image, tuple[float, ...]]:
    """Return a picture of a drawn thing on a noisy ground, and the thing's corners as shares."""
    dice = np.random.default_rng(seed)
    ground = dice.integers(60, 200, 3) + dice.normal(0, 6, (SIDE_PX, SIDE_PX, 3))
    photo = Image.fromarray(np.clip(ground, 0, 255).astype(np.uint8))
    thing = draw_product(7, seed, size_px=THING_PX).image
    pixels = np.asarray(thing).astype(int)
    mask = Image.fromarray(((np.abs(pixels - pixels[2, 2]).sum(axis=2) > 40) * 255).astype("uint8"))
    x, y = (int(at) for at in dice.integers(20, 160, 2))
    photo.paste(thing, (x, y), mask)
    left, up, right, down = mask.getbbox() or (0, 0, THING_PX, THING_PX)
    return photo, tuple(at / SIDE_PX for at in (x + left, y + up, x + right, y + down))


def covered(box: Box, thing: tuple[float, ...]) -> float:
    """Return the share of a thing that a box encloses."""
    left, up, right, down = thing
    width = min(right, box.x + box.w) - max(left, box.x)
    height = min(down, box.y + box.h) - max(up, box.y)
    return max(width, 0) * max(height, 0) / ((right - left) * (down - up))


def test_the_region_encloses_the_thing_in_the_photo(encoder: Encoder) -> None:
    shares, areas = [], []
    for seed in range(12):
        photo, thing = cluttered(seed)
        at = encode_photo(photo, None, encoder, PROPOSER).box
        assert at is not None
        shares.append(covered(at, thing))
        areas.append(at.w * at.h)

    assert np.mean(shares) > 0.8
    assert min(shares) > 0.4
    assert max(areas) < 0.4


def test_the_region_is_encoded_with_its_surroundings(encoder: Encoder) -> None:
    photo, _ = cluttered(3)

    encoded = encode_photo(photo, None, encoder, PROPOSER)

    box = encoded.regions[0].box
    assert encoded.box == box
    around = Box(box.x - MARGIN, box.y - MARGIN, box.w + 2 * MARGIN, box.h + 2 * MARGIN)
    assert encoded.region_vector is not None
    assert encoded.region_vector @ encoder.encode_images([around.crop(photo)])[0] > 0.999
    assert encoded.region_vector @ encoded.vector < 0.98
    assert np.linalg.norm(encoded.region_vector) == pytest.approx(1, abs=1e-4)


def test_the_margin_ends_at_the_edge_of_the_photo(encoder: Encoder) -> None:
    photo = make_picture(1, (200, 100))
    corner = Region(Box(0.0, 0.5, 0.4, 0.5), 0.9)

    encoded = encode_photo(photo, None, encoder, Proposed((corner,)))

    around = photo.crop((0, 45, 90, 100))
    assert encoded.region_vector is not None
    assert encoded.region_vector @ encoder.encode_images([around])[0] > 0.999


def test_a_shoppers_box_is_what_is_searched_with(encoder: Encoder) -> None:
    photo, _ = cluttered(5)
    box = Box(0.5, 0.25, 0.5, 0.5)

    encoded = encode_photo(photo, box, encoder, PROPOSER)

    inside = encoder.describe([photo.crop((160, 80, 320, 240))])
    assert encoded.vector @ inside.vectors[0] > 0.999
    assert encoded.cells.patches == pytest.approx(inside.patches[0] / 127, abs=0.02)
    assert (encoded.box, encoded.region_vector) == (box, None)
    assert encoded.regions == PROPOSER.propose(photo, encoder.describe([photo]))


def test_what_is_the_whole_photo_is_not_looked_at_again(encoder: Encoder) -> None:
    all_of_it = Region(Box(0, 0, 1, 1), 0.9)

    encoded = encode_photo(make_picture(2), None, encoder, Proposed((all_of_it,)))

    assert encoded.regions == (all_of_it,)
    assert (encoded.box, encoded.region_vector) == (None, None)


def test_where_nothing_stands_out_the_whole_photo_speaks(encoder: Encoder) -> None:
    photo = make_picture(2)

    encoded = encode_photo(photo, None, encoder, Proposed(()))

    assert encoded.vector @ encoder.encode_images([photo])[0] > 0.999
    assert (encoded.regions, encoded.box, encoded.region_vector) == ((), None, None)


def test_the_cells_are_those_of_the_whole_photo(encoder: Encoder) -> None:
    photo, _ = cluttered(3)

    encoded = encode_photo(photo, None, encoder, PROPOSER)

    whole = encoder.describe([photo])
    assert encoded.cells.patches == pytest.approx(whole.patches[0] / 127, abs=0.02)
    assert encoded.cells.weights.sum() == pytest.approx(1, abs=1e-4)
    assert encoded.cells.score_share == whole.share > 0


def test_a_photo_that_words_change_is_not_looked_at_closer(encoder: Encoder) -> None:
    photo, _ = cluttered(2)
    encoded = encode_photo(photo, None, encoder, PROPOSER, encode_region=False)
    assert encoded.regions, "they are still on offer"
    assert (encoded.box, encoded.region_vector) == (None, None)
    assert np.array_equal(encoded.vector, encoder.describe([photo]).vectors[0])
