"""Filters keep what they say, and the file keeps what it was given."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from search.columns import NO_PRICE, ColumnRow, Columns, load_columns, write_columns
from search.results import Filters

MUG = ColumnRow(1, 10, "Home > Kitchen > Mugs", "Aldern", "red", 1000, in_stock=True)
LAMP = ColumnRow(2, 11, "Home > Lighting", "Bryx", "Blue", 5000, in_stock=False)
SHOE = ColumnRow(3, 12, "Fashion", "aldern", None, None, in_stock=True)
FREE = ColumnRow(4, 13, None, None, "RED", 0, in_stock=True)
HOMEWARE = ColumnRow(5, 14, "Homeware", "Straße & Söhne", "red", 2000, in_stock=True)
ROWS = [MUG, LAMP, SHOE, FREE, HOMEWARE]


@pytest.fixture
def columns(tmp_path: Path) -> Columns:
    write_columns(tmp_path / "columns.arrow", ROWS)
    return load_columns(tmp_path / "columns.arrow")


def test_the_file_keeps_what_it_was_given(columns: Columns) -> None:
    assert len(columns) == 5
    assert columns.image_id.tolist() == [1, 2, 3, 4, 5]
    assert columns.product_id.tolist() == [10, 11, 12, 13, 14]
    assert columns.price_cents.tolist() == [1000, 5000, NO_PRICE, 0, 2000]
    assert columns.in_stock.tolist() == [True, False, True, True, True]
    for name in ("category", "brand", "colour"):
        facet = getattr(columns, name)
        assert facet.codes.dtype == np.int32
        read = [None if code < 0 else facet.values[code] for code in facet.codes]
        assert read == [getattr(row, name) for row in ROWS]


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
        (Filters(min_price_cents=0), [1, 2, 4, 5]),  # no price is not zero
        (Filters(min_price_cents=1000, max_price_cents=2000), [1, 5]),
        (Filters(in_stock=True), [1, 3, 4, 5]),
        (Filters(in_stock=False), [2]),
        (Filters(brands=("Aldern",), colours=("red",), in_stock=True), [1]),
        (Filters(brands=("Nobody",)), []),
    ],
)
def test_filters(columns: Columns, filters: Filters, kept: list[int]) -> None:
    mask = columns.mask(filters)

    assert mask.dtype == np.bool_
    assert columns.image_id[mask].tolist() == kept


def test_fields_that_no_product_has(tmp_path: Path) -> None:
    bare = replace(SHOE, category=None, brand=None)
    write_columns(tmp_path / "columns.arrow", [bare, replace(bare, image_id=9)])
    columns = load_columns(tmp_path / "columns.arrow")

    assert columns.category.values == ()
    assert not columns.mask(Filters(categories=("Home",))).any()
    assert columns.mask(Filters(in_stock=True)).all()


def test_another_arrow_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "columns.arrow"
    table = pa.table({"image_id": [1, 2]})
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)

    with pytest.raises(pa.ArrowInvalid, match="unexpected columns"):
        load_columns(path)
