"""Lists as CSV: spreadsheets read the same values, and run no formulas."""

import csv
import io

import pytest
from flask import Flask

from web.rendering.csv_export import csv_file


def read_back(app: Flask, rows: list[tuple[object, ...]]) -> list[list[str]]:
    with app.test_request_context():
        answer = csv_file("list", ("sku", "value"), rows)
    content = answer.get_data(as_text=True)
    assert content.startswith("\ufeff")
    return list(csv.reader(io.StringIO(content.removeprefix("\ufeff"))))


def test_a_file_has_a_name_and_what_the_list_has(app: Flask) -> None:
    with app.test_request_context():
        answer = csv_file("rules", ("sku",), [])
    assert answer.headers["Content-Disposition"] == 'attachment; filename="rules.csv"'
    assert answer.mimetype == "text/csv"
    rows = read_back(app, [("ODD/1 ü", 'a "quoted", thing\nin two lines'), ("X", None)])
    assert rows == [
        ["sku", "value"],
        ["ODD/1 ü", 'a "quoted", thing\nin two lines'],
        ["X", ""],
    ]


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "-2+3", "@sum", "\tx"])
def test_text_is_no_formula(app: Flask, text: str) -> None:
    assert read_back(app, [("X", text)])[1] == ["X", f"'{text}"]


def test_numbers_stay_numbers(app: Flask) -> None:
    assert read_back(app, [("X", -2.5)])[1] == ["X", "-2.5"]
