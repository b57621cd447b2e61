"""Reads prices as merchants write them: `1.299,00`, `12.50 EUR`, `$12`, `CHF 1'299.–`.

Where a price has both a dot and a comma, the last one is the decimal mark. One alone before exactly
three digits groups thousands (`1.299` is 1299), unless the price begins with 0 (`0.125`). Ranges
and words are refused. Amounts are in hundredths of the unit, in every currency.
"""

import math
import re
from decimal import ROUND_HALF_UP, Decimal

from indexer.ingest.blank_cells import is_blank

MAX_CENTS = 10**14

_CURRENCIES = {
    "€": "EUR",
    "£": "GBP",
    "$": "USD",
    "US$": "USD",
    "¥": "JPY",
    "₹": "INR",
    "₩": "KRW",
    "₽": "RUB",
    "₺": "TRY",
    "zł": "PLN",
    "Kč": "CZK",
    "Fr.": "CHF",
    "SFr.": "CHF",
    "A$": "AUD",
    "C$": "CAD",
    "R$": "BRL",
    "EURO": "EUR",
}
_AMOUNT = re.compile(
    r"""(?P<before>(?:[^\d\s.,'’+\-−–]+\.?)?)\s*
        (?P<sign>[-−–]?)\s*
        (?P<between>[^\d\s.,'’+\-−–]*)\s*
        (?P<number>\d[\d.,'’\s]*?|[.,]\d+)
        (?:[.,][-–—]+)?\s*
        (?P<after>(?:[^\d\s.,'’+\-−–]+\.?)?)""",
    re.VERBOSE,
)


def parse_price(value: object) -> tuple[int | None, str | None]:
    """Read one price.

    Args:
        value: Text or a number, as the source has it.

    Returns:
        Hundredths, which may be negative, and the ISO 4217 currency; each None where there is
        none.

    Raises:
        ValueError: the value is not one single price.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None, None
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return _cents(Decimal(str(value))), None
    text = str(value).strip().replace("\u00a0", " ").replace("\u202f", " ")
    if is_blank(text):
        return None, None
    found = _AMOUNT.fullmatch(text)
    if found is None:
        raise ValueError(text)
    names = [found[part] for part in ("before", "between", "after") if found[part]]
    if len(names) > 1:
        raise ValueError(text)
    amount = Decimal(_plain_number(found["number"]))
    return _cents(-amount if found["sign"] else amount), parse_currency(names[0]) if names else None


def parse_currency(text: str) -> str:
    """Return the ISO 4217 code that a symbol or code means.

    Raises:
        ValueError: it means no currency.
    """
    text = text.strip()
    code = _CURRENCIES.get(text) or _CURRENCIES.get(text.upper()) or text.upper()
    if not re.fullmatch(r"[A-Z]{3}", code):
        raise ValueError(text)
    return code


def _plain_number(number: str) -> str:
    """Return a number without group marks, with a dot as decimal mark.

    Raises:
        ValueError: its marks make no sense.
    """
    number = re.sub(r"[\s'’]", "", number)
    marks = [char for char in number if char in ".,"]
    if not marks:
        return number
    decimal = marks[-1]
    whole, _, fraction = number.rpartition(decimal)
    grouped = len(fraction) == 3 and not whole.startswith("0") and whole != ""
    if len(set(marks)) == 1 and (grouped or len(marks) > 1):
        groups = number.split(decimal)
        if any(len(group) != 3 for group in groups[1:]):
            raise ValueError(number)
        return "".join(groups)
    return f"{whole.replace('.', '').replace(',', '') or '0'}.{fraction or '0'}"


def _cents(amount: Decimal) -> int:
    """Return hundredths, half a hundredth rounded away from 0.

    Raises:
        ValueError: it is not finite, or above `MAX_CENTS`.
    """
    if not amount.is_finite() or abs(amount) * 100 > MAX_CENTS:
        raise ValueError(amount)
    return int((amount * 100).to_integral_value(ROUND_HALF_UP))
