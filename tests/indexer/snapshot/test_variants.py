"""Which products are variants, and how well that recovers the families of a drawn shop."""

from collections import defaultdict
from collections.abc import Callable, Hashable
from itertools import combinations

import numpy as np
import pytest
from PIL import Image

from indexer.encoding.difference_hash import BITS, same_structure, structure_of
from indexer.sample.assortment import planned
from indexer.sample.drawn_product import offered, studio_picture
from indexer.sample.kinds import KINDS
from indexer.snapshot.variants import LARGEST_FAMILY, ComparedProduct, variants
from search.text.attribute_vocabulary import load_vocabulary
from tests.support.shops.plain_shop import draw

VOCABULARY = load_vocabulary()
ROUND, SQUARE = (bytes([fill]) * (BITS // 8) for fill in (0b10101010, 0b11001100))


def family(*listed: tuple[str, int | None, bytes | None], brand: str | None = "Oru") -> list[int]:
    """Return for each (title, price, structure) the lowest number of its variants."""
    products = [
        ComparedProduct(i, title, brand, "Home > Vases", price, structure)
        for i, (title, price, structure) in enumerate(listed)
    ]
    found = variants(products, VOCABULARY)
    return [found[i] for i in range(len(products))]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Red globe vase", "Sky blue globe vase"),
        ("Globe vase in navy blue", "Globe Vase, dark grey"),
        ("Oru globe vase", "Globe vase – rust-red"),
        ("Globe vase, 20 cm", "Globe vase, 12.5 cm"),
        ("Linen shirt XL", "Linen shirt XXS"),
        ("Linen shirt, M", "Linen shirt (S)"),
        ("Running shoe size 42", "Running shoe EU 38"),
        ("Flat rug 120 x 80 cm", "Flat rug 200 × 140 cm"),
    ],
)
def test_titles_that_differ_in_colours_and_sizes(first: str, second: str) -> None:
    """They are variants if price or picture structure agrees too; titles alone do not suffice."""
    assert family((first, 900, None), (second, 900, None)) == [0, 0]
    assert family((first, 900, ROUND), (second, 1000, ROUND)) == [0, 0]
    assert family((first, 900, ROUND), (second, 1000, SQUARE)) == [0, 1]
    assert family((first, 900, None), (second, 1000, None)) == [0, 1]
    assert family((first, None, None), (second, None, None)) == [0, 1]


def test_titles_that_say_more_or_less() -> None:
    """They are variants if price and picture structure both agree."""
    titles = ("Wren globe vase", "Green stoneware globe vase")
    assert family(*((title, 900, ROUND) for title in titles)) == [0, 0]
    assert family((titles[0], 900, ROUND), (titles[1], 950, ROUND)) == [0, 1]
    assert family((titles[0], 900, ROUND), (titles[1], 900, SQUARE)) == [0, 1]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Apple juice", "Grapefruit juice"),
        ("Striped oval rug", "Checked oval rug"),
        ("Leather boots model 3", "Leather boots model 4"),
    ],
)
def test_words_that_speak_against_it(first: str, second: str) -> None:
    assert family((first, 900, ROUND), (second, 900, ROUND)) == [0, 1]


def test_a_single_word_says_little() -> None:
    assert family(("Red dress", 1999, ROUND), ("Blue dress", 1999, SQUARE)) == [0, 1]
    assert family(("Red dress", 1999, ROUND), ("Blue dress", 1999, ROUND)) == [0, 0]
    assert family(("Red", 1999, ROUND), ("Blue", 1999, ROUND)) == [0, 1]


def test_other_brands_and_categories_are_never_compared() -> None:
    vase = ("Red globe vase", 900, ROUND)
    assert family(vase, vase, brand=None) == [0, 1]
    others = [
        ComparedProduct(0, *vase[:1], "Oru", "Home > Vases", 900, ROUND),
        ComparedProduct(1, *vase[:1], "Muro", "Home > Vases", 900, ROUND),
        ComparedProduct(2, *vase[:1], "Oru", "Home > Lamps", 900, ROUND),
        ComparedProduct(3, *vase[:1], "Oru", None, 900, ROUND),
    ]
    assert variants(others, VOCABULARY) == {0: 0, 1: 1, 2: 2, 3: 3}


def test_what_would_be_too_large_for_a_family_is_not_one() -> None:
    fits = [("Globe vase", 900, None)] * LARGEST_FAMILY
    assert set(family(*fits)) == {0}
    assert len(set(family(*fits, fits[0]))) == LARGEST_FAMILY + 1


def test_the_lowest_id_stands_for_a_family_whatever_the_order() -> None:
    listed = [ComparedProduct(i, "Globe vase", "Oru", "Home", 900, None) for i in (7, 3, 9)]
    assert variants(listed, VOCABULARY) == {7: 3, 3: 3, 9: 3}


def test_structure_tells_shapes_apart_and_not_colours() -> None:
    things = [(t, c) for t in ("Plate", "Cushion") for c in ("red", "black", "yellow")]
    same = same_structure([structure_of(draw(*thing)) for thing in things])
    assert np.array_equal(same, np.kron(np.eye(2), np.ones((3, 3))).astype(bool))


def test_structure_survives_compression_and_another_size() -> None:
    picture = draw("Pennant", "green", side_px=480)
    small = picture.resize((200, 200), Image.Resampling.LANCZOS)
    noise = Image.effect_noise(small.size, 6).convert("RGB")
    assert same_structure([structure_of(picture), structure_of(small)]).all()
    assert same_structure(
        [structure_of(picture), structure_of(Image.blend(small, noise, 0.03))]
    ).all()


def pairs(n: int, key: Callable[[int], Hashable]) -> set[tuple[int, int]]:
    groups: defaultdict[Hashable, list[int]] = defaultdict(list)
    for number in range(n):
        groups[key(number)].append(number)
    return {pair for group in groups.values() for pair in combinations(group, 2)}


def test_families_of_a_drawn_shop_are_recovered_without_a_wrong_one() -> None:
    seed, n = 29, 90
    listed = []
    for i in range(n):
        look, words = planned(seed, i).look, offered(seed, i)
        category = KINDS[look.kind].category
        structure = structure_of(studio_picture(look, 160))
        listed.append(
            ComparedProduct(i, words.title, words.brand, category, words.price_cents, structure)
        )
    found = variants(listed, VOCABULARY)
    true = pairs(n, lambda i: planned(seed, i).family)
    folded = pairs(n, lambda i: found[i])
    assert len(true) > 20
    assert folded <= true
    assert len(folded) >= 0.85 * len(true)
