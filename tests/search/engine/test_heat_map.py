"""Heat maps show where pictures agree, on an even scale, and leave the rest of a picture alone."""

import numpy as np
import pytest
from PIL import Image

from search.engine.heat_map import STEPS, agreement_maps, draw_heat, warm_scale
from search.engine.search_engine import SearchEngine
from search.errors import UnknownPicture
from search.pictures.rendition_store import LONGEST_SIDE_PX
from tests.support.factories import make_picture
from tests.support.shops.plain_shop import draw


def oklab(srgb: np.ndarray) -> np.ndarray:
    """Return (n, 3) Oklab of (n, 3) 8-bit sRGB, by Ottosson's forward formulas."""
    curved = srgb / 255
    linear = np.where(curved <= 0.04045, curved / 12.92, ((curved + 0.055) / 1.055) ** 2.4)
    to_cones = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    to_lab = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    return np.cbrt(linear @ to_cones.T) @ to_lab.T


def test_the_scale_is_even_and_grows_lighter() -> None:
    scale = oklab(warm_scale().astype(np.float64))
    steps = np.linalg.norm(np.diff(scale[::15], axis=0), axis=1)

    assert warm_scale().shape == (STEPS, 3)
    assert steps.max() < 1.25 * steps.min()
    assert (np.diff(scale[::5, 0]) > 0).all()
    assert scale[-1, 0] - scale[0, 0] > 0.45


def test_cold_parts_stay_as_they_are_and_hot_ones_glow() -> None:
    picture = make_picture(4, (300, 200))
    agreement = np.zeros((7, 7), np.float32)
    agreement[:2, :2] = 1

    drawn = np.asarray(draw_heat(picture, agreement), dtype=np.int64)

    before = np.asarray(picture, dtype=np.int64)
    np.testing.assert_array_equal(drawn[100:, 150:], before[100:, 150:])
    hot = oklab(warm_scale().astype(np.float64))[-1]
    glow = oklab(drawn[10, 10][None].astype(np.float64))[0]
    was = oklab(before[10, 10][None].astype(np.float64))[0]
    assert np.linalg.norm(glow - hot) < np.linalg.norm(was - hot)
    assert picture.size == (300, 200)


def test_the_overlay_is_smooth_and_bounded() -> None:
    grey = Image.new("RGB", (1400, 700), (128, 128, 128))
    agreement = np.random.default_rng(5).random((7, 7), np.float32)

    drawn = draw_heat(grey, agreement)

    assert drawn.size == (LONGEST_SIDE_PX, LONGEST_SIDE_PX // 2)
    across = np.abs(np.diff(np.asarray(drawn, dtype=np.int64), axis=1)).max()
    assert 0 < across < 16


def test_agreement_is_where_the_thing_is(engine: SearchEngine) -> None:
    photo = Image.new("RGB", (480, 240), "#f4f2ee")
    photo.paste(draw("Plate", "red"), (240, 0))
    generation = engine.generation()
    image_id = engine.product("PLATE-RED").image_ids[0]

    in_photo, in_product = agreement_maps(generation, engine.answering().encoder, photo, image_id)

    assert in_photo.shape == in_product.shape == (7, 7)
    assert min(in_photo.min(), in_product.min()) >= 0
    assert max(in_photo.max(), in_product.max()) <= 1.001
    assert in_photo[2:5, 4:6].mean() > 2 * in_photo[:, :2].mean()
    assert in_product[2:5, 2:5].mean() > 2 * in_product[[0, 0, -1, -1], [0, -1, 0, -1]].mean()


def test_a_picture_that_is_not_indexed_is_refused(engine: SearchEngine) -> None:
    with pytest.raises(UnknownPicture, match="no picture 999999"):
        agreement_maps(
            engine.generation(), engine.answering().encoder, draw("Plate", "red"), 999_999
        )


def test_what_the_model_did_not_see_stays_cold() -> None:
    grey = Image.new("RGB", (400, 200), (128, 128, 128))
    all_hot = np.ones((7, 7), np.float32)

    cropped = np.asarray(draw_heat(grey, all_hot, (0.25, 0, 0.75, 1)))
    padded = np.asarray(draw_heat(grey, np.eye(7, dtype=np.float32), (0, -0.5, 1, 1.5)))

    assert (cropped[:, :95] == 128).all()
    assert (cropped[:, 305:] == 128).all()
    assert (cropped[5:195, 105:295] != 128).any(axis=2).all()
    assert (padded[100, 195:205] != 128).any()
    assert (padded[5, 95:105] != 128).any()
    assert (padded[5, 200:] == 128).all()
