"""Colours are those of the product, whatever the background."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from search.pictures.colour_names import ANCHORS, LEAST_SHARE, NAMES, colour_shares, lab_of
from search.text.attribute_vocabulary import load_vocabulary

THINGS = ("black", "grey", "red", "navy", "green", "mustard", "pink", "brown", "purple", "teal")


def ground(kind: str, side: int = 300) -> np.ndarray:
    """Return a studio ground (side, side, 3): plain, shaded from one side, or coloured."""
    x = np.linspace(0, 1, side)[None, :, None]
    base = {"plain": (244, 242, 238), "shaded": (250, 248, 244), "coloured": (170, 200, 226)}[kind]
    light = 1 - 0.25 * x if kind == "shaded" else np.ones_like(x)
    return np.broadcast_to(light * np.array(base), (side, side, 3)).copy()


def picture(kind: str, colour: tuple[int, int, int]) -> Image.Image:
    image = Image.fromarray(ground(kind).astype(np.uint8))
    ImageDraw.Draw(image).ellipse((70, 60, 230, 240), fill=colour)
    return image


@pytest.mark.parametrize("kind", ["plain", "shaded", "coloured"])
@pytest.mark.parametrize("name", THINGS)
def test_the_thing_is_named_and_not_its_ground(kind: str, name: str) -> None:
    for shade in ANCHORS[name]:
        shares = colour_shares(picture(kind, shade))
        assert next(iter(shares)) == name
        assert shares[name] > 0.5


def test_two_colours_share_by_their_size() -> None:
    image = picture("plain", ANCHORS["red"][0])
    ImageDraw.Draw(image).rectangle((70, 150, 230, 190), fill=ANCHORS["navy"][0])

    shares = colour_shares(image)

    assert list(shares)[:2] == ["red", "navy"]
    assert 0.1 < shares["navy"] < shares["red"]


def test_a_soft_shadow_is_no_part_of_the_thing() -> None:
    pixels = ground("plain")
    y, x = np.mgrid[:300, :300]
    shadow = np.exp(-(((x - 150) / 70) ** 2 + ((y - 250) / 20) ** 2))
    image = Image.fromarray((pixels * (1 - 0.3 * shadow[..., None])).astype(np.uint8))
    ImageDraw.Draw(image).ellipse((110, 140, 190, 245), fill=ANCHORS["green"][0])

    shares = colour_shares(image)

    assert next(iter(shares)) == "green"
    assert shares.get("grey", 0) + shares.get("silver", 0) < 0.1


def test_a_thing_of_its_grounds_colour_is_the_whole_picture() -> None:
    assert next(iter(colour_shares(Image.new("RGB", (200, 200), (250, 250, 250))))) == "white"
    assert next(iter(colour_shares(Image.new("RGB", (40, 300), ANCHORS["teal"][0])))) == "teal"


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (2000, 30)])
def test_any_size_has_colours(size: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)

    shares = colour_shares(Image.fromarray(noise))

    assert shares
    assert list(shares.values()) == sorted(shares.values(), reverse=True)
    assert min(shares.values()) >= LEAST_SHARE
    assert 0.5 < sum(shares.values()) <= 1.001


def test_all_names_are_of_the_vocabulary() -> None:
    colours = next(a for a in load_vocabulary().attributes if a.name == "colour")

    assert tuple(value.name for value in colours.values) == NAMES


def test_lab_is_what_the_standard_says() -> None:
    lab = lab_of(np.array([[255, 255, 255], [0, 0, 0], [255, 0, 0], [0, 0, 255]]))

    wanted = [[100, 0, 0], [0, 0, 0], [53.24, 80.09, 67.20], [32.30, 79.19, -107.86]]
    assert np.allclose(lab, wanted, atol=0.05)
