"""Validates one row of a catalogue: it makes a product, or it is refused with a reason.

A row is refused for what makes its product unfindable or ambiguous: no sku, no title, no picture, a
negative price, values too long, NUL bytes. An odd value of an optional field is dropped with a
remark for the operator, and the product stays in the shop: a price that is no number, an unknown
stock word, a broken link, a picture address that is none. A merchant would sooner sell a lamp
without its price than not at all.
"""

import html
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from indexer.ingest.blank_cells import is_blank
from indexer.ingest.picture_addresses import picture_addresses
from indexer.ingest.price_parsing import parse_currency, parse_price
from indexer.ingest.sources import SourceRecord
from search.http.web_addresses import is_web_address
from search.text.normalise import identifier, one_line, single_spaced

MAX_IMAGES = 100
MAX_DESCRIPTION_CHARS = 20_000

_Name = Annotated[str, Field(max_length=500)]


class CatalogueRow(BaseModel):
    """A product as its catalogue describes it, cleaned and checked."""

    model_config = ConfigDict(frozen=True)

    sku: Annotated[str, Field(min_length=1, max_length=200)]
    title: Annotated[str, Field(min_length=1, max_length=500)]
    description: Annotated[str, Field(max_length=MAX_DESCRIPTION_CHARS)] = ""
    brand: _Name | None = None
    category: _Name | None = None  # a path, `A > B > C`
    colour: _Name | None = None
    price_cents: Annotated[int | None, Field(ge=0)] = None
    currency: Annotated[str | None, Field(pattern=r"^[A-Z]{3}$")] = None
    in_stock: bool = True
    url: str | None = None
    images: Annotated[tuple[str, ...], Field(min_length=1)]  # absolute paths, http(s) addresses


@dataclass(frozen=True, slots=True)
class Remark:
    """What is odd about a row, or why it is refused."""

    reason: str
    detail: str


class RowRefused(Exception):
    """The row makes no product. Carries its sku, where there is one, and the reason."""

    def __init__(self, sku: str | None, remark: Remark) -> None:
        super().__init__(sku, remark)
        self.sku, self.remark = sku, remark


_REFUSALS = {
    ("sku", "string_too_short"): ("no_sku", "The row has no sku; every product needs its own."),
    ("title", "string_too_short"): ("empty_title", "The row has no title; give the product one."),
    ("price_cents", "greater_than_equal"): (
        "negative_price",
        "The price is below zero; correct it, or leave it empty.",
    ),
    ("images", "too_short"): (
        "no_image",
        "The row names no picture; give a path or an http(s) address.",
    ),
}
_STOCK_WORDS = {
    True: """in_stock instock available limited_availability low_stock onlineonly instoreonly yes y
        true t on ja lieferbar auf_lager verfügbar oui en_stock si sí""",
    False: """out_of_stock outofstock sold_out soldout unavailable not_available discontinued
        backorder backordered preorder pre_order no n false f off nein ausverkauft nicht_lieferbar
        nicht_verfügbar non épuisé agotado""",
}
_MEANING = {word: meaning for meaning, words in _STOCK_WORDS.items() for word in words.split()}


def validate_row(record: SourceRecord, base: Path) -> tuple[CatalogueRow, list[Remark]]:
    """Turn one record into a product.

    Args:
        record: As the source has it.
        base: Folder of the catalogue; relative picture paths start there.

    Returns:
        The product and what was odd about the row.

    Raises:
        RowRefused: the row makes no product.
    """
    values = record.values
    sku = sku_of(record)
    _refuse_unstorable(sku, record)
    remarks: list[Remark] = []
    price_cents, currency = _price(values, remarks)
    images = _images(record.images, base, remarks)
    cleaned = {
        "sku": sku,
        "title": _prose(values.get("title")),
        "description": _description(values.get("description"), remarks),
        "brand": _optional(values.get("brand")),
        "category": _category(values.get("category")),
        "colour": _optional(values.get("colour")),
        "price_cents": price_cents,
        "currency": currency,
        "in_stock": _stock(values.get("in_stock"), remarks),
        "url": _link(values.get("url"), remarks),
        "images": images,
    }
    try:
        return CatalogueRow.model_validate(cleaned), remarks
    except ValidationError as error:
        raise RowRefused(sku[:200] or None, _refusal(error, remarks)) from error


def sku_of(record: SourceRecord) -> str:
    """Return the sku of a row in the form in which its product has it; empty: there is none."""
    return _text(record.values.get("sku"))


def _refusal(error: ValidationError, remarks: list[Remark]) -> Remark:
    """Return pydantic's refusal in words for the operator."""
    first = error.errors()[0]
    field, kind = str(first["loc"][0]), first["type"]
    if kind == "string_too_long":
        limit = first["ctx"]["max_length"]
        return Remark(
            "too_long", f"The {field} has {len(first['input']):,} characters; at most {limit} fit."
        )
    reason, detail = _REFUSALS.get((field, kind), ("bad_value", f"{field}: {first['msg']}."))
    if reason == "no_image":
        detail = next((r.detail for r in remarks if r.reason == "bad_address"), detail)
    return Remark(reason, detail)


def _refuse_unstorable(sku: str, record: SourceRecord) -> None:
    """Refuse what PostgreSQL can't store as text: NUL, lone surrogates, bytes that are no UTF-8."""
    known = sku if sku.isprintable() and "\ufffd" not in sku else None
    pairs = [*record.values.items(), *(("image", image) for image in record.images)]
    for field, value in pairs:
        if isinstance(value, bytes):
            try:
                value.decode("utf-8")
            except UnicodeDecodeError as error:
                remark = Remark(
                    "bad_utf8", f"The {field} is no UTF-8 text; write it as UTF-8 text."
                )
                raise RowRefused(known, remark) from error
        text = _text(value)
        if "\x00" in text:
            raise RowRefused(
                known, Remark("nul_byte", f"The {field} holds a NUL byte; export the row again.")
            )
        if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
            raise RowRefused(
                known,
                Remark("bad_utf8", f"The {field} holds half a character; export the row again."),
            )


def _text(value: object) -> str:
    """Return a value as one line of text in Unicode's composed form, without controls."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, list | tuple):
        value = ", ".join(_text(part) for part in value)
    return one_line(str(value))


def _prose(value: object) -> str:
    """Return text without the HTML that shops export in titles and descriptions."""
    text = _text(value)
    if "<" in text:
        text = re.sub(r"<(script|style)\b.*?</\1\s*>|<!--.*?-->|</?[a-zA-Z][^<>]*>", " ", text)
    return single_spaced(html.unescape(text)) if text else ""


def _optional(value: object) -> str | None:
    """Return text, or None where the cell says nothing."""
    text = _prose(value)
    return None if is_blank(text) else text


def _description(value: object, remarks: list[Remark]) -> str:
    text = _prose(value)
    if len(text) > MAX_DESCRIPTION_CHARS:
        remarks.append(
            Remark(
                "description_cut",
                f"The description has {len(text):,} characters; the product keeps the first "
                f"{MAX_DESCRIPTION_CHARS:,}.",
            )
        )
    return text[:MAX_DESCRIPTION_CHARS]


def _category(value: object) -> str | None:
    """Return a path `A > B > C`, from a text with `>`, `›` or `»` between its parts or a list."""
    if isinstance(value, list | tuple):
        value = " > ".join(_text(part) for part in value)
    text = _optional(str(value).replace("&gt;", ">") if isinstance(value, str) else value)
    parts = [part.strip() for part in re.split(r"[>›»]", text or "")]
    return " > ".join(part for part in parts if part) or None


def _price(values: dict[str, object], remarks: list[Remark]) -> tuple[int | None, str | None]:
    """Return hundredths and currency. The currency column outranks a sign beside the price."""
    price, written = values.get("price"), _text(values.get("currency"))
    if isinstance(price, dict):
        written = written or _text(price.get("currency"))
        price = price.get("amount", price.get("value"))
    cents, currency = None, None
    try:
        cents, currency = parse_price(price)
    except ValueError:
        remarks.append(
            Remark(
                "odd_price",
                f"The price {_text(price)[:80]!r} is no single amount; the product stays, without "
                "a price. Write it like 12.50 or 12,50 EUR.",
            )
        )
    if written:
        try:
            currency = parse_currency(written)
        except ValueError:
            remarks.append(
                Remark(
                    "odd_currency",
                    f"{written[:40]!r} is no currency; write its code of three letters, like EUR.",
                )
            )
    return cents, currency


def _stock(value: object, remarks: list[Remark]) -> bool:
    """Return whether the product can be bought now. An empty cell means yes."""
    if isinstance(value, bool):
        return value
    text = _text(value)
    try:
        return float(text) > 0
    except ValueError:
        pass
    word = identifier(text.rpartition("/")[2])
    if word in _MEANING:
        return _MEANING[word]
    if word:
        remarks.append(
            Remark(
                "odd_stock",
                f"{text[:80]!r} says neither in nor out of stock; the product counts as in stock. "
                "Write 1 or 0, or in_stock or out_of_stock.",
            )
        )
    return True


def _link(value: object, remarks: list[Remark]) -> str | None:
    """Return the address of the product's page."""
    text = _text(value)
    if not text or is_web_address(text):
        return text or None
    remarks.append(
        Remark("odd_url", f"{text[:80]!r} is no http(s) address; the product has no link.")
    )
    return None


def _images(images: tuple[object, ...], base: Path, remarks: list[Remark]) -> tuple[str, ...]:
    """Return the addresses of a row's pictures."""
    found, bad = picture_addresses(images, base)
    for written in bad:
        remarks.append(
            Remark(
                "bad_address",
                f"{written[:200]!r} is neither a path nor an http(s) address of a picture; "
                "correct it.",
            )
        )
    if len(found) > MAX_IMAGES:
        remarks.append(
            Remark("many_images", f"The row names {len(found)} pictures; {MAX_IMAGES} are taken.")
        )
    return found[:MAX_IMAGES]
