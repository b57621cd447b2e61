"""How values look on a page: prices, counts, shares, categories. Knows no HTML."""

import re
from decimal import Decimal

from babel.numbers import format_currency, format_decimal
from flask import Flask

LOCALE = "en"
SEPARATOR = " > "
AFTER_LETTERS = re.compile(r"(?<=[A-Za-z])(?=\d)")
"""Where CLDR wants a space after a currency written in letters, which Babel leaves out."""


def price(cents: int | None, currency: str | None) -> str:
    """Return `€1,234.50`; without a currency the bare number, without a price nothing."""
    if cents is None:
        return ""
    amount = Decimal(cents) / 100
    if not currency:
        return format_decimal(amount, format="#,##0.00", locale=LOCALE)
    shown = format_currency(amount, currency, locale=LOCALE)
    return AFTER_LETTERS.sub("\N{NO-BREAK SPACE}", shown)


def count(number: int) -> str:
    """Return `1,234`."""
    return format_decimal(number, locale=LOCALE)


def percent(similarity: float) -> int:
    """Return a cosine as 0..100; what points away is 0."""
    return round(100 * min(max(similarity, 0.0), 1.0))


def leaf(category: str | None) -> str:
    """Return the last step of a category path."""
    return category.rsplit(SEPARATOR, 1)[-1] if category else ""


def steps(category: str | None) -> list[str]:
    """Return the steps of a category path."""
    return category.split(SEPARATOR) if category else []


STAGES = {
    "region": "The marked part of your photo",
    "expand": "Pictures like the first hits",
    "consistency": "What you asked for",
    "local": "Comparing parts of the pictures",
    "fuse": "Your words",
    "cross_encode": "Reading words and pictures together",
    "rules": "The shop",
}
"""What re-ranking stages go by, in words for people."""


SAID_BY = {
    "merchandiser": "edited",
    "merchant": "the merchant's field",
    "title": "named in the title",
    "picture": "seen in the pictures",
}
"""Who says what a product is like, in words for people."""


def said_by(source: str) -> str:
    """Return what a source of attributes goes by."""
    return SAID_BY[source]


def stage(name: str) -> str:
    """Return what a re-ranking stage goes by."""
    return STAGES.get(name, name.replace("_", " ").capitalize())


def install(app: Flask) -> None:
    """Offer these to templates as filters."""
    for formatter in (price, count, percent, leaf, steps, stage, said_by):
        app.add_template_filter(formatter)
