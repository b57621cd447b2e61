"""Formats of values in the language of the page: prices, counts, percentages. Knows no HTML."""

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
"""Where CLDR has a space after a currency in letters, and Babel leaves it out."""


def price(cents: int | None, currency: str | None) -> str:
    """Return `€1,234.50`, in German `1.234,50 €`; an empty text where there is no price.

    Without a currency it is the number alone.
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


def percent_text(similarity: float) -> str:
    """Return a cosine as `83%`, in German `83 %`."""
    return format_percent(percent(similarity) / 100, locale=_locale())


def percent(similarity: float) -> int:
    """Return a cosine as 0..100; negative ones become 0."""
    return round(100 * min(max(similarity, 0.0), 1.0))


def last_step(category: str | None) -> str:
    """Return the last step of a category path."""
    return category.rsplit(SEPARATOR, 1)[-1] if category else ""


def path_steps(category: str | None) -> list[str]:
    """Return the steps of a category path."""
    return category.split(SEPARATOR) if category else []


def utc_time(at: datetime | None) -> str:
    """Return `21 Nov 2026, 13:42` in UTC; an empty text for None."""
    return "" if at is None else f"{at.astimezone(UTC):%-d %b %Y, %H:%M}"


def code_parts(text: str) -> list[tuple[bool, str]]:
    """Return the parts of a text, each with whether it stood between backticks."""
    return [(bool(number % 2), part) for number, part in enumerate(text.split("`")) if part]


STAGE_LABELS = {
    "region": N_("The marked part of your photo"),
    "expand": N_("Pictures like the first hits"),
    "consistency": N_("What you asked for"),
    "local": N_("Comparing parts of the pictures"),
    "fuse": N_("Your words"),
    "cross_encode": N_("Reading words and pictures together"),
    "rules": N_("The shop"),
}
"""What re-ranking stages are called on pages."""


SOURCE_LABELS = {
    "merchandiser": "edited",
    "merchant": "the merchant's field",
    "title": "named in the title",
    "picture": "seen in the pictures",
}
"""What sources of attributes are called on pages."""


def source_label(source: str) -> str:
    """Return what a source of attributes is called."""
    return SOURCE_LABELS[source]


def stage_label(name: str) -> str:
    """Return what a re-ranking stage is called."""
    known = STAGE_LABELS.get(name)
    return gettext(known) if known else name.replace("_", " ").capitalize()


def _locale() -> Locale | str:
    """Return the locale of the page; English outside one."""
    locale: Locale | None = get_locale()
    return locale or ENGLISH


def install(app: Flask) -> None:
    """Offer these functions to templates as filters."""
    for formatter in (
        price,
        count,
        percent,
        percent_text,
        last_step,
        path_steps,
        stage_label,
        utc_time,
        code_parts,
        source_label,
    ):
        app.add_template_filter(formatter)
