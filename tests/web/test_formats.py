"""How prices, counts, shares and categories look."""

import pytest

from web import formats


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
    assert formats.price(cents, currency) == shown


@pytest.mark.parametrize(
    ("similarity", "shown"), [(0.834, 83), (1.0000001, 100), (0.0, 0), (-0.4, 0)]
)
def test_similarity_is_shown_as_a_share(similarity: float, shown: int) -> None:
    assert formats.percent(similarity) == shown


def test_categories_have_steps() -> None:
    assert formats.leaf("Home > Kitchen > Mugs") == "Mugs"
    assert formats.leaf(None) == ""
    assert formats.steps("Home > Kitchen") == ["Home", "Kitchen"]
    assert formats.steps(None) == []


def test_counts_are_grouped() -> None:
    assert formats.count(12345) == "12,345"
