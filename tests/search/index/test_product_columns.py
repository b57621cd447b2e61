"""Filters keep the right rows, and the file returns what was written."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from search.index.product_columns import (
    FIELDS,
    NO_PRICE,
    ColumnRow,
    Columns,
    load_columns,
    write_columns,
)
from search.results import Filters

NAMES = (*FIELDS, "pattern", "nap")


def row(number: int, price_cents: int | None, *values: str | None, in_stock: bool) -> ColumnRow:
    return ColumnRow(
        number, number + 9, price_cents, in_stock, dict(zip(NAMES, values, strict=True))
    )


MUG = row(1, 1000, "Home > Kitchen > Mugs", "Aldern", "red", "striped", None, in_stock=True)
LAMP = row(2, 5000, "Home > Lighting", "Bryx", "Blue", "plain", None, in_stock=False)
SHOE = row(3, None, "Fashion", "aldern", None, None, "long", in_stock=True)
FREE = row(4, 0, None, None, "RED", None, None, in_stock=True)
HOMEWARE = row(5, 2000, "Homeware", "Straße & Söhne", "red", "Striped", None, in_stock=True)
ROWS = [MUG, LAMP, SHOE, FREE, HOMEWARE]


@pytest.fixture
def columns(tmp_path: Path) -> Columns:
    write_columns(tmp_path / "columns.arrow", ROWS, NAMES)
    return load_columns(tmp_path / "columns.arrow")


def test_the_file_keeps_what_it_was_given(columns: Columns) -> None:
    assert len(columns) == 5
    assert columns.image_id.tolist() == [1, 2, 3, 4, 5]
    assert columns.product_id.tolist() == [10, 11, 12, 13, 14]
    assert columns.price_cents.tolist() == [1000, 5000, NO_PRICE, 0, 2000]
    assert columns.in_stock.tolist() == [True, False, True, True, True]
    assert tuple(columns.facets) == NAMES
    for name, facet in columns.facets.items():
        assert facet.codes.dtype == np.int32
        read = [None if code < 0 else facet.values[code] for code in facet.codes]
        assert read == [row.values[name] for row in ROWS]


@pytest.mark.parametrize(
    ("filters", "kept"),
    [
        (Filters(), [1, 2, 3, 4, 5]),
        (Filters(categories=("Home",)), [1, 2]),  # not Homeware
        (Filters(categories=("home > kitchen",)), [1]),
        (Filters(categories=("Home>Kitchen>Mugs ",)), [1]),
        (Filters(categories=("Fashion", "Home > Lighting")), [2, 3]),
        (Filters(categories=("Kitchen",)), []),
        (Filters(brands=("ALDERN",)), [1, 3]),
        (Filters(brands=("STRASSE & SÖHNE", "bryx")), [2, 5]),
        (Filters(colours=("red",)), [1, 4, 5]),
        (Filters(min_price_cents=1000), [1, 2, 5]),
        (Filters(max_price_cents=1000), [1, 4]),
        (Filters(min_price_cents=0), [1, 2, 4, 5]),  # a missing price is not zero
        (Filters(min_price_cents=1000, max_price_cents=2000), [1, 5]),
        (Filters(in_stock=True), [1, 3, 4, 5]),
        (Filters(in_stock=False), [2]),
        (Filters(brands=("Aldern",), colours=("red",), in_stock=True), [1]),
        (Filters(brands=("Nobody",)), []),
        (Filters(attributes={"pattern": ("striped",)}), [1, 5]),
        (Filters(attributes={"pattern": ("STRIPED", "plain")}, in_stock=True), [1, 5]),
        (Filters(attributes={"pattern": ("striped",), "nap": ("long",)}), []),
        (Filters(attributes={"pattern": (), "nap": ("long",)}), [3]),
        (Filters(attributes={"scent": ("rose",)}), []),  # this generation has no attribute `scent`
    ],
)
def test_filters(columns: Columns, filters: Filters, kept: list[int]) -> None:
    mask = columns.mask(filters)

    assert mask.dtype == np.bool_
    assert columns.image_id[mask].tolist() == kept


def test_fields_that_no_product_has(tmp_path: Path) -> None:
    bare = replace(SHOE, values={})
    write_columns(tmp_path / "columns.arrow", [bare, replace(bare, image_id=9)])
    columns = load_columns(tmp_path / "columns.arrow")

    assert columns.facets["category"].values == ()
    assert not columns.mask(Filters(categories=("Home",))).any()
    assert columns.mask(Filters(in_stock=True)).all()


def test_another_arrow_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "columns.arrow"
    table = pa.table({"image_id": [1, 2]})
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)

    with pytest.raises(pa.ArrowInvalid, match="unexpected columns"):
        load_columns(path)


def test_columns_without_a_field_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "columns.arrow"
    write_columns(path, ROWS, ("category", "brand", "pattern"))

    with pytest.raises(pa.ArrowInvalid, match="unexpected columns"):
        load_columns(path)
