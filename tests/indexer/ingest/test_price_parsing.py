"""Prices as merchants write them."""

from typing import Any

import pytest

from indexer.ingest.price_parsing import parse_price


@pytest.mark.parametrize(
    ("written", "cents", "currency"),
    [
        ("1.299,00", 129_900, None),
        ("1,299.00", 129_900, None),
        ("12.50 EUR", 1_250, "EUR"),
        ("$12", 1_200, "USD"),
        ("€ 1 299,–", 129_900, "EUR"),
        ("1\u00a0299,50 €", 129_950, "EUR"),
        ("CHF 1'299.00", 129_900, "CHF"),
        ("12,5", 1_250, None),
        ("1.299", 129_900, None),
        ("1.234.567", 123_456_700, None),
        ("0.125", 13, None),
        ("0", 0, None),
        (".99", 99, None),
        ("-5", -500, None),
        ("$-5.00", -500, "USD"),
        ("199,90 zł", 19_990, "PLN"),
        (12.999, 1_300, None),
        (7, 700, None),
        ("", None, None),
        (None, None, None),
        (float("nan"), None, None),
        ("nan", None, None),
    ],
)
def test_prices(written: Any, cents: int | None, currency: str | None) -> None:
    assert parse_price(written) == (cents, currency)


@pytest.mark.parametrize(
    "written",
    ["on request", "10-20", "10 - 20 EUR", "1.2.3", "12 apples", "1e400", True, "€ 5 USD"],
)
def test_odd_prices(written: Any) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        parse_price(written)
