"""Value objects refuse impossible values."""

import pytest
from PIL import Image

from search.errors import UnusableQuery
from search.results import Box, Filters, Query


def test_a_box_crops_its_part() -> None:
    image = Image.new("RGB", (200, 100))
    image.paste((255, 0, 0), (100, 50, 200, 100))
    part = Box(0.5, 0.5, 0.5, 0.5).crop(image)
    assert part.size == (100, 50)
    assert part.getextrema() == ((255, 255), (0, 0), (0, 0))


def test_a_tiny_box_keeps_a_pixel() -> None:
    assert Box(0.999, 0.999, 0.0001, 0.0001).crop(Image.new("RGB", (10, 10))).size == (1, 1)


@pytest.mark.parametrize(
    "box", [(-0.1, 0, 1, 1), (0, 0, 0, 1), (0.5, 0, 0.6, 1), (0, 0, 1, -1), (float("nan"), 0, 1, 1)]
)
def test_a_box_outside_the_picture_is_refused(box: tuple[float, float, float, float]) -> None:
    with pytest.raises(UnusableQuery, match="fractions"):
        Box(*box)


def test_kind_of_a_query() -> None:
    photo = Image.new("RGB", (4, 4))
    assert Query(photo=photo).kind == "photo"
    assert Query(photo=photo, text=" ").kind == "photo"
    assert Query(photo=photo, text="red").kind == "both"
    assert Query(text="red").kind == "text"


def test_empty_filters_are_false() -> None:
    assert not Filters()
    assert Filters(in_stock=False)
    assert Filters(min_price_cents=0)
