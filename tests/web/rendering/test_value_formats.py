"""The formats of prices, counts, shares and categories."""

import pytest

from web.rendering import value_formats


@pytest.mark.parametrize(
    ("cents", "currency", "shown"),
    [
        (123450, "EUR", "€1,234.50"),
        (1999, "USD", "$19.99"),
        (1999, "CHF", "CHF\N{NO-BREAK SPACE}19.99"),
        (150000, "JPY", "¥1,500"),
        (1999, None, "19.99"),
        (0, "EUR", "€0.00"),
        (None, "EUR", ""),
    ],
)
def test_prices_follow_their_currency(cents: int | None, currency: str | None, shown: str) -> None:
    assert value_formats.price(cents, currency) == shown


@pytest.mark.parametrize(
    ("similarity", "shown"), [(0.834, 83), (1.0000001, 100), (0.0, 0), (-0.4, 0)]
)
def test_similarity_is_shown_as_a_share(similarity: float, shown: int) -> None:
    assert value_formats.percent(similarity) == shown


def test_categories_have_steps() -> None:
    assert value_formats.last_step("Home > Kitchen > Mugs") == "Mugs"
    assert value_formats.last_step(None) == ""
    assert value_formats.path_steps("Home > Kitchen") == ["Home", "Kitchen"]
    assert value_formats.path_steps(None) == []


def test_counts_are_grouped() -> None:
    assert value_formats.count(12345) == "12,345"
