"""Single products and photos repeat exactly, and differ where they should."""

import re
from collections import Counter

import numpy as np
import pytest

from indexer.sample import DrawnProduct, draw_product, street_photo
from indexer.sample.assortment import planned
from indexer.sample.drawn_product import close_up, offered, studio_picture
from indexer.sample.kinds import KINDS
from indexer.sample.kinds.kind import DYE_NAMES
from indexer.sample.materials import MATERIALS, texture
from indexer.sample.palette import COLOURS
from indexer.sample.patterns import PATTERNS

SEED = 3


@pytest.fixture(scope="module")
def product() -> DrawnProduct:
    return draw_product(SEED, 4, size_px=64)


def test_a_product_is_the_same_every_time(product: DrawnProduct) -> None:
    again = draw_product(SEED, 4, size_px=64)

    assert again.image.tobytes() == product.image.tobytes()
    assert (again.title, again.price_cents, again.look) == (
        product.title,
        product.price_cents,
        product.look,
    )


def test_another_seed_is_another_shop() -> None:
    ours = [planned(SEED, i).look.key for i in range(30)]
    theirs = [planned(SEED + 1, i).look.key for i in range(30)]

    assert ours != theirs


def test_the_picture_is_square_rgb_with_the_thing_inside(product: DrawnProduct) -> None:
    pixels = np.asarray(product.image)

    assert product.image.mode == "RGB"
    assert pixels.shape == (64, 64, 3)
    corners = pixels[[0, 0, -1, -1], [0, -1, 0, -1]]
    assert corners.min() > 200  # pale paper
    assert pixels.astype(int).std() > 15  # and something on it


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_shape_of_a_kind_can_be_drawn_and_looks_different(kind: str) -> None:
    looks = {}
    index = 0
    while set(looks) != set(KINDS[kind].shapes):
        look = planned(SEED, index).look
        if look.kind == kind:
            looks.setdefault(look.shape, look)
        index += 1
    pictures = {studio_picture(look, 48).tobytes() for look in looks.values()}

    assert len(KINDS[kind].shapes) >= 3
    assert len(pictures) == len(looks)


def test_facts_are_words_of_the_shop() -> None:
    for i in range(300):
        look = planned(SEED, i).look
        kind = KINDS[look.kind]
        assert look.material in MATERIALS
        assert look.colour in kind.materials[look.material]
        assert look.colour in COLOURS
        assert look.pattern in PATTERNS
        assert look.pattern == "plain" or look.material in kind.patterned
        assert look.trim == "" or look.trim in kind.trims


def test_there_are_enough_kinds_colours_and_patterns() -> None:
    looks = [planned(SEED, i).look for i in range(600)]

    assert len(KINDS) >= 24
    assert {look.kind for look in looks} == set(KINDS)
    assert set(DYE_NAMES) <= {look.colour for look in looks}
    assert set(PATTERNS) == {look.pattern for look in looks}


def test_a_third_of_the_products_belong_to_a_family() -> None:
    plans = [planned(SEED, i) for i in range(1000)]
    sizes = Counter(plan.family for plan in plans)
    share = sum(size for size in sizes.values() if size > 1) / len(plans)

    assert 0.25 < share < 0.45
    assert max(sizes.values()) <= 5
    for plan in plans:
        parent = plans[plan.family].look
        same = (plan.look.kind, plan.look.shape, plan.look.material, plan.look.trim)
        assert same == (parent.kind, parent.shape, parent.material, parent.trim)
    colours = {(plan.family, plan.look.colour, plan.look.accent) for plan in plans}
    assert len(colours) == len(plans)


def test_words_do_not_contradict_the_drawing() -> None:
    for i in range(400):
        look, words = planned(SEED, i).look, offered(SEED, i)
        text = f"{words.title} {words.description}".lower()
        others = set(DYE_NAMES) - {look.colour, look.accent} - set(look.trim.split())
        for wrong in others:
            assert not re.search(rf"\b{wrong}\b", text), (wrong, text)
        assert look.colour in words.description.lower()
        assert words.title[0] == words.title[0].upper()
        assert "  " not in text


def test_about_one_in_twelve_is_out_of_stock_and_prices_are_plausible() -> None:
    offers = [(planned(SEED, i).look.kind, offered(SEED, i)) for i in range(1000)]
    missing = sum(not words.in_stock for _, words in offers)

    assert 50 <= missing <= 115
    for kind, words in offers:
        low, high = KINDS[kind].price
        assert (low - 1) * 100 <= words.price_cents <= high * 100


def test_a_photo_shows_the_thing_in_other_circumstances(product: DrawnProduct) -> None:
    first, again, other = (street_photo(product, seed) for seed in (1, 1, 2))

    assert first.mode == "RGB"
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != other.tobytes()
    assert np.asarray(first)[:4].mean() < 235  # not the studio's paper


def test_the_second_view_differs_from_the_first(product: DrawnProduct) -> None:
    assert close_up(product.look, 64).tobytes() != product.image.tobytes()


@pytest.mark.parametrize("name", sorted({m.texture for m in MATERIALS.values()}))
def test_textures_are_seamless_and_bounded(name: str) -> None:
    tile = texture(name)
    step = np.abs(np.diff(tile, axis=1)).mean(axis=0).max()
    seam = np.abs(tile[:, 0] - tile[:, -1]).mean()

    assert tile.shape == (256, 256)
    assert tile.dtype == np.float32
    assert np.abs(tile).max() <= 1.0
    assert seam <= 1.25 * step


@pytest.mark.parametrize(
    ("index", "size_px", "said"), [(-1, 64, "numbered from 0"), (0, 4, "16 or more")]
)
def test_impossible_products_are_refused(index: int, size_px: int, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        draw_product(SEED, index, size_px=size_px)
