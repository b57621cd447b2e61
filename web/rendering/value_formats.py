"""How values look on a page, in its language: prices, counts, shares. Knows no HTML."""

import re
from datetime import UTC, datetime
from decimal import Decimal

from babel import Locale
from babel.numbers import format_currency, format_decimal, format_percent
from flask import Flask
from flask_babel import get_locale

from web.rendering.language import ENGLISH, N_, gettext

SEPARATOR = " > "
AFTER_LETTERS = re.compile(r"(?<=[A-Za-z])(?=\d)")
"""Where CLDR wants a space after a currency written in letters, which Babel leaves out."""


def price(cents: int | None, currency: str | None) -> str:
    """Return `€1,234.50`, in German `1.234,50 €`; without a price nothing.

    Without a currency it is the bare number.
    """
    if cents is None:
        return ""
    amount = Decimal(cents) / 100
    if not currency:
        return format_decimal(amount, format="#,##0.00", locale=_locale())
    shown = format_currency(amount, currency, locale=_locale())
    return AFTER_LETTERS.sub("\N{NO-BREAK SPACE}", shown)


def count(number: int | Decimal) -> str:
    """Return `1,234`, in German `1.234`."""
    return format_decimal(number, locale=_locale())


def share(similarity: float) -> str:
    """Return a cosine as `83%`, in German `83 %`."""
    return format_percent(percent(similarity) / 100, locale=_locale())


def percent(similarity: float) -> int:
    """Return a cosine as 0..100; what points away is 0."""
    return round(100 * min(max(similarity, 0.0), 1.0))


def leaf(category: str | None) -> str:
    """Return the last step of a category path."""
    return category.rsplit(SEPARATOR, 1)[-1] if category else ""


def steps(category: str | None) -> list[str]:
    """Return the steps of a category path."""
    return category.split(SEPARATOR) if category else []


def moment(at: datetime | None) -> str:
    """Return `21 Nov 2026, 13:42` in UTC; nothing for never."""
    return "" if at is None else f"{at.astimezone(UTC):%-d %b %Y, %H:%M}"


def code_parts(text: str) -> list[tuple[bool, str]]:
    """Return a text in parts, with whether each stood between backticks."""
    return [(bool(number % 2), part) for number, part in enumerate(text.split("`")) if part]


STAGES = {
    "region": N_("The marked part of your photo"),
    "expand": N_("Pictures like the first hits"),
    "consistency": N_("What you asked for"),
    "local": N_("Comparing parts of the pictures"),
    "fuse": N_("Your words"),
    "cross_encode": N_("Reading words and pictures together"),
    "rules": N_("The shop"),
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
    known = STAGES.get(name)
    return gettext(known) if known else name.replace("_", " ").capitalize()


def _locale() -> Locale | str:
    """Return the locale of the page; English outside one."""
    locale: Locale | None = get_locale()
    return locale or ENGLISH


def install(app: Flask) -> None:
    """Offer these to templates as filters."""
    for formatter in (
        price,
        count,
        percent,
        share,
        leaf,
        steps,
        stage,
        moment,
        code_parts,
        said_by,
    ):
        app.add_template_filter(formatter)
