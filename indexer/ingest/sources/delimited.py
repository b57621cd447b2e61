"""CSV catalogues, read as merchants really write them.

The delimiter is found in the header: comma, semicolon, tab or bar; or Excel's `sep=` line names it.
The encoding is UTF-8 with or without byte order mark, or UTF-16 with one. Other encodings are not
guessed; `--encoding` names one. A row with bytes that are no UTF-8 is refused by itself. So is a
row with a quote that is never closed; reading goes on with the next line.
"""

import codecs
import csv
from collections import deque
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import IO

from indexer.ingest.sources.column_map import ColumnMap, map_columns
from indexer.ingest.sources.source_record import RefusedRow, SourceRecord
from search.errors import UnusableCatalogue

DELIMITERS = ",;\t|"
MAX_RECORD_LINES = 1_000  # a quoted text of more lines is a quote that was never closed
MAX_FIELD_CHARS = 4_000_000


class DelimitedSource:
    """A CSV file with a header."""

    def __init__(self, path: Path, mapping: Mapping[str, str], encoding: str | None = None) -> None:
        self.path, self.base, self.name = path, path.parent, str(path)
        self._encoding = encoding or _encoding_of(path)
        with self._open() as file:
            lines = _Lines(file)
            self._delimiter, self._header = _read_header(lines, path)
        self._map = map_columns(self._header, mapping, where=str(path))

    @cached_property
    def _positions(self) -> dict[str, int]:
        """The position of each column. Of columns with the same name the first counts."""
        return {name: i for i, name in reversed(list(enumerate(self._header)))}

    def _open(self) -> IO[str]:
        """Open as text. Bytes that are no UTF-8 become lone surrogates, and one row is refused."""
        wide = self._encoding.replace("_", "-").lower().startswith(("utf-16", "utf-32"))
        errors = "replace" if wide else "surrogateescape"
        try:
            return self.path.open(encoding=self._encoding, errors=errors, newline="")
        except LookupError as error:
            raise UnusableCatalogue(
                f"--encoding {self._encoding} is not known; such as cp1252, latin-1 or utf-16."
            ) from error

    def estimated_rows(self) -> int | None:
        """Count lines without the header. Texts of several lines make that a little too many."""
        lines = 0
        with self.path.open("rb") as file:
            while block := file.read(1 << 20):
                lines += block.count(b"\n")
        return max(lines - 1, 1)

    def rows(self) -> Iterator[SourceRecord | RefusedRow]:
        """Read the rows below the header."""
        with self._open() as file:
            lines = _Lines(file)
            _read_header(lines, self.path)
            for line, row in _records(lines, self._delimiter, len(self._header)):
                yield _unclosed(line) if row is None else self._row(line, row)

    def _row(self, line: int, row: list[str]) -> SourceRecord | RefusedRow:
        """Return the values of one row by field, or a refusal."""
        sku = self._value(row, self._map, "sku")
        readable_sku = sku if sku and not _undecodable(sku) else None
        if any(value.strip() for value in row[len(self._header) :]):
            return RefusedRow(
                line,
                readable_sku,
                "column_count",
                f"The row has {len(row)} columns, the header {len(self._header)}; put values that "
                f"contain {self._delimiter!r} in double quotes.",
            )
        for position, value in enumerate(row):
            if wrong := _undecodable(value):
                return RefusedRow(
                    line, readable_sku, "bad_utf8", _advice(self._header[position], value, wrong)
                )
        values: dict[str, object] = {
            field: self._value(row, self._map, field) for field in self._map.columns
        }
        images = tuple(self._at(row, column) for column in self._map.images)
        return SourceRecord(line, values, images)

    def _value(self, row: list[str], columns: ColumnMap, field: str) -> str:
        """Return the value of a field. A row may end early, as Excel writes it."""
        return self._at(row, columns.columns[field])

    def _at(self, row: list[str], column: str) -> str:
        position = self._positions[column]
        return row[position] if position < len(row) else ""


class _RecordTooLong(Exception):
    """A record has more lines than any text may have."""


class _Lines:
    """The lines of a file with their numbers. Those of the present record can be read again."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._waiting: deque[str] = deque()
        self.number = 0  # of the line that was read last, 1-based
        self.record: list[str] = []  # lines read since `begin`

    def begin(self) -> None:
        """Begin a new record."""
        self.record = []

    def retry(self) -> None:
        """End the present record after its first line, and read its other lines again."""
        self._waiting.extendleft(reversed(self.record[1:]))
        self.number -= len(self.record) - 1

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        if len(self.record) >= MAX_RECORD_LINES:
            raise _RecordTooLong
        line = (
            self._waiting.popleft() if self._waiting else self._file.readline(MAX_FIELD_CHARS * 2)
        )
        if not line:
            raise StopIteration
        self.number += 1
        self.record.append(line)
        return line


def _records(lines: _Lines, delimiter: str, width: int) -> Iterator[tuple[int, list[str] | None]]:
    """Yield (line, values) of each record; None for the values where its quotes are broken.

    A record of several lines must be flawless. Otherwise a stray quote has swallowed the lines
    after it. Then only its first line is broken, and the others are read again.
    """
    csv.field_size_limit(MAX_FIELD_CHARS)
    reader = csv.reader(lines, delimiter=delimiter)
    while True:
        lines.begin()
        start = lines.number + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except (csv.Error, _RecordTooLong):
            row = []
        broken = not row and bool("".join(lines.record).strip())
        if broken or (len(lines.record) > 1 and not _flawless(lines.record, delimiter, width)):
            lines.retry()
            reader = csv.reader(lines, delimiter=delimiter)
            yield start, None
        elif any(value.strip() for value in row):
            yield start, row


def _flawless(record: list[str], delimiter: str, width: int) -> bool:
    """Return whether several lines are one record by a strict reading of RFC 4180."""
    try:
        rows = list(csv.reader(record, delimiter=delimiter, strict=True))
    except csv.Error:
        return False
    return len(rows) == 1 and len(rows[0]) == width


def _read_header(lines: _Lines, path: Path) -> tuple[str, list[str]]:
    """Return the delimiter and the column names."""
    delimiter = None
    for line in lines:
        text = line.strip("\ufeff \r\n")
        if "\x00" in text:
            raise UnusableCatalogue(
                f"{path} holds NUL bytes: it is no text, or UTF-16; try --encoding utf-16-le."
            )
        if text.lower().startswith("sep=") and len(text) == 5:
            delimiter = text[4]
        elif text.strip(DELIMITERS + " "):
            delimiter = delimiter or _sniff(text)
            header = next(csv.reader([text], delimiter=delimiter))
            names = [name.strip() for name in header]
            return delimiter, [name or f"column {i}" for i, name in enumerate(names, 1)]
    raise UnusableCatalogue(f"{path} has no header; its first line must name the columns.")


def _sniff(header: str) -> str:
    """Return the most frequent delimiter of the header, outside quotes."""
    outside = "".join(header.split('"')[::2])
    return max(DELIMITERS, key=outside.count)


def _encoding_of(path: Path) -> str:
    """Return UTF-16 for a file with its byte order mark, UTF-8 for any other."""
    with path.open("rb") as file:
        start = file.read(4)
    wide = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return "utf-16" if wide else "utf-8-sig"


def _undecodable(value: str) -> str:
    """Return the first character that stands for a byte that is no UTF-8; empty: none does."""
    if value.isascii():
        return ""
    return next((char for char in value if "\udc80" <= char <= "\udcff"), "")


def _advice(column: str, value: str, wrong: str) -> str:
    """Say which byte is no UTF-8, and how it reads in Windows-1252."""
    as_bytes = value.encode("utf-8", "surrogateescape")
    guess = as_bytes.decode("cp1252", "replace")[:60]
    return (
        f"Column {column!r} holds the byte 0x{ord(wrong) - 0xDC00:02X}, which is no UTF-8; in "
        f"Windows-1252 it reads {guess!r}. Save the file as UTF-8, or ingest it with "
        "--encoding cp1252 if all of it is."
    )


def _unclosed(line: int) -> RefusedRow:
    return RefusedRow(
        line,
        None,
        "unclosed_quote",
        "The row opens a double quote that it never closes; close it, or double it if it is meant "
        'as a character, such as "5"" screen".',
    )
