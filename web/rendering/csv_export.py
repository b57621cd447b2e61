"""Lists as CSV files for spreadsheets.

A cell that a spreadsheet would run as a formula is marked as text: titles come from catalogues, and
searches from anyone.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import TypeVar

from flask import Response

Entry = TypeVar("Entry")

FORMULA = ("=", "+", "-", "@", "\t", "\r")
NUMBERS = (int, float)


def csv_file(name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """Return a file as the answer, sent row by row.

    Args:
        name: Name of the file, without `.csv`.
        columns: Names of the columns.
        rows: Values for all columns; None is an empty cell. The rows are read while the answer is
            sent, so they must not need the request.
    """
    response = Response(_lines(columns, rows), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def in_parts(read: Callable[[int, int], Sequence[Entry]], size: int) -> Iterator[Entry]:
    """Yield all entries of a list, read a part at a time.

    In a list with the newest first, an entry added meanwhile may repeat another, but hides none.

    Args:
        read: Returns the entries of a part, by its limit and its offset.
        size: Entries of a part; a shorter one is the last.
    """
    offset = 0
    while True:
        part = read(size, offset)
        yield from part
        if len(part) < size:
            return
        offset += size


def _lines(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    yield "\ufeff"  # tells spreadsheets that this is UTF-8
    for row in chain([columns], rows):
        writer.writerow([_cell(value) for value in row])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def _cell(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, NUMBERS) and not isinstance(value, bool):
        return value
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA) else text
