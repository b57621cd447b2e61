"""Finds the column of each field of a catalogue.

A column is known by its name, in any case and with any punctuation: `Image URL` is `image_url`.
`ALIASES` lists the names of each field; the first that a catalogue has wins. `--map
title=Produktname` names a column outright. All image columns count, numbered ones (`image_2`) too,
in the file's order. A catalogue without sku, title or image is refused, with the names of its
columns.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from search.errors import UnusableCatalogue
from search.text.normalise import compatible, identifier

ALIASES: dict[str, tuple[str, ...]] = {
    "sku": (
        "sku",
        "id",
        "product_id",
        "item_id",
        "article_number",
        "articlenumber",
        "variant_sku",
        "handle",
        "artikelnummer",
        "mpn",
        "ean",
        "gtin",
    ),
    "title": (
        "title",
        "name",
        "product_name",
        "product_title",
        "item_name",
        "titel",
        "bezeichnung",
    ),
    "description": (
        "description",
        "body_html",
        "long_description",
        "product_description",
        "short_description",
        "beschreibung",
    ),
    "brand": ("brand", "vendor", "manufacturer", "brand_name", "marke", "hersteller"),
    "category": (
        "category",
        "categories",
        "category_path",
        "product_type",
        "google_product_category",
        "product_category",
        "type",
        "kategorie",
    ),
    "colour": ("colour", "color", "farbe", "colour_name", "color_name"),
    "price": (
        "price",
        "regular_price",
        "variant_price",
        "unit_price",
        "price_eur",
        "price_usd",
        "preis",
        "amount",
    ),
    "currency": ("currency", "currency_code", "price_currency", "waehrung", "währung"),
    "in_stock": (
        "in_stock",
        "instock",
        "stock",
        "availability",
        "available",
        "stock_status",
        "quantity",
        "qty",
        "stock_quantity",
        "inventory",
        "verfügbarkeit",
        "lagerbestand",
    ),
    "url": ("url", "link", "product_url", "permalink", "product_link", "page_url"),
}
_IMAGE = re.compile(
    r"(main_|additional_|product_)?(image|img|picture|photo|bild|foto)(e?s|er|n)?"
    r"(_?\d+)?(_(url|urls|link|links|src|path|file))?(_?\d+)?"
)
FIELDS = (*ALIASES, "image")
REQUIRED = ("sku", "title", "image")


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """The column of each field. Columns are named as in the source."""

    columns: dict[str, str]  # without image
    images: tuple[str, ...]


def check_mapping(mapping: Mapping[str, str]) -> None:
    """Refuse fields that do not exist.

    Raises:
        UnusableCatalogue: names the fields that exist.
    """
    for field in mapping:
        if field not in FIELDS:
            raise UnusableCatalogue(
                f"--map {field}=… names no field; the fields are {', '.join(FIELDS)}."
            )


def _column_key(column: str) -> str:
    """Return a column's name as it is looked up: `Image URL` as `image_url`."""
    return identifier(compatible(column))


def map_columns(
    found: Sequence[str], mapping: Mapping[str, str], *, where: str, strict: bool = True
) -> ColumnMap:
    """Decide which column holds which field.

    Args:
        found: The source's columns.
        mapping: Columns that the operator named, by field.
        where: Name of the source, for messages.
        strict: Whether required fields and mapped columns must exist.

    Raises:
        UnusableCatalogue: a mapped column or a required field is missing.
    """
    by_name: dict[str, str] = {}
    for column in found:
        by_name.setdefault(_column_key(column), column)
    columns: dict[str, str] = {}
    for field, names in ALIASES.items():
        wanted = (_column_key(mapping[field]),) if field in mapping else names
        known = next((by_name[name] for name in wanted if name in by_name), None)
        if known is not None:
            columns[field] = known
    images = _image_columns(by_name, mapping.get("image"))
    if strict:
        _check_mapped(by_name, mapping, where)
        _check_required({*columns, *(["image"] if images else [])}, found, where)
    return ColumnMap(columns, images)


def _image_columns(by_name: dict[str, str], mapped: str | None) -> tuple[str, ...]:
    """Return all image columns, in the file's order or in the operator's."""
    if mapped is None:
        return tuple(column for name, column in by_name.items() if _IMAGE.fullmatch(name))
    names = [_column_key(part) for part in mapped.split("|")]
    return tuple(by_name[name] for name in names if name in by_name)


def _check_mapped(by_name: dict[str, str], mapping: Mapping[str, str], where: str) -> None:
    """Refuse a mapping to columns that do not exist."""
    for field, mapped in mapping.items():
        parts = mapped.split("|") if field == "image" else [mapped]
        for part in parts:
            if _column_key(part) not in by_name:
                raise UnusableCatalogue(
                    f"{where} has no column {part!r} for --map {field}=…; "
                    f"its columns are {_listed(by_name.values())}."
                )


def _check_required(fields: set[str], found: Sequence[str], where: str) -> None:
    """Refuse a catalogue that lacks a required field."""
    missing = [field for field in REQUIRED if field not in fields]
    if missing:
        raise UnusableCatalogue(
            f"{where} has no column for {' and '.join(missing)}; its columns are "
            f"{_listed(found)}. Say which one it is, such as --map {missing[0]}=COLUMN."
        )


def _listed(columns: Iterable[str]) -> str:
    """Join column names for a message, at most 40 of them."""
    names = list(columns)
    shown = ", ".join(repr(name[:60]) for name in names[:40])
    return shown + (f" and {len(names) - 40} more" if len(names) > 40 else "")
