"""JSON Lines catalogues: one object a line.

Keys are columns. Objects may have different keys. A line that is no object is refused by itself. A
file that is one JSON array is refused, because it can't be read in bounded memory.
"""

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import islice
from pathlib import Path

from indexer.ingest.sources.column_map import ColumnMap, map_columns
from indexer.ingest.sources.source_record import RefusedRow, SourceRecord
from search.errors import UnusableCatalogue

MAX_LINE_BYTES = 8_000_000
SAMPLE_LINES = 200  # their keys are the columns of the file


class JsonLinesSource:
    """A file with one JSON object a line, in UTF-8."""

    def __init__(self, path: Path, mapping: Mapping[str, str]) -> None:
        self.path, self.base, self.name = path, path.parent, str(path)
        self._mapping = dict(mapping)
        keys: dict[str, None] = {}
        for _, content in islice(self._lines(), SAMPLE_LINES):
            found = _parse(0, content, None)
            if isinstance(found, dict):
                keys.update(dict.fromkeys(found))
        with path.open("rb") as file:
            if file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
                raise UnusableCatalogue(
                    f"{path} is one JSON array; write one object a line (`jq -c '.[]'` does that)."
                )
        if not keys:
            raise UnusableCatalogue(
                f"{path} has no JSON object in its first {SAMPLE_LINES} lines; "
                "write one object a line, in UTF-8."
            )
        self._names = map_columns(list(keys), mapping, where=str(path))
        self._map_of = lru_cache(maxsize=1000)(self._map_columns)

    def _map_columns(self, keys: tuple[str, ...]) -> ColumnMap:
        return map_columns(keys, self._mapping, where=self.name, strict=False)

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        """Yield (line number, bytes); empty bytes for a line that is too long."""
        with self.path.open("rb") as file:
            number = 0
            while content := file.readline(MAX_LINE_BYTES):
                number += 1
                if not content.endswith(b"\n") and len(content) == MAX_LINE_BYTES:
                    while rest := file.readline(MAX_LINE_BYTES):
                        if rest.endswith(b"\n"):
                            break
                    yield number, b""
                elif content.strip():
                    yield number, content.removeprefix(b"\xef\xbb\xbf")

    def estimated_rows(self) -> int | None:
        """Count lines."""
        with self.path.open("rb") as file:
            return max(
                sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b"")), 1
            )

    def rows(self) -> Iterator[SourceRecord | RefusedRow]:
        """Read all lines."""
        sku_column = self._names.columns["sku"]
        for line, content in self._lines():
            found = _parse(line, content, sku_column)
            if isinstance(found, RefusedRow):
                yield found
                continue
            columns = self._map_of(tuple(found))
            values = {field: found[key] for field, key in columns.columns.items()}
            yield SourceRecord(line, values, tuple(found[key] for key in columns.images))


def _parse(line: int, content: bytes, sku_column: str | None) -> dict[str, object] | RefusedRow:
    """Return the object of one line, or a refusal."""
    if not content:
        return RefusedRow(line, None, "too_long", f"The line has over {MAX_LINE_BYTES:,} bytes.")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        wrong = content[error.start]
        return RefusedRow(
            line,
            _sku_of(content, sku_column),
            "bad_utf8",
            f"Byte {error.start + 1} of the line is 0x{wrong:02X}, which is no UTF-8; "
            "save the file as UTF-8.",
        )
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        return RefusedRow(
            line, None, "bad_json", f"The line is no JSON ({error}); write one object a line."
        )
    if not isinstance(found, dict):
        return RefusedRow(line, None, "bad_json", "The line is JSON, but no object {…}.")
    return found


def _sku_of(content: bytes, sku_column: str | None) -> str | None:
    """Return the sku of a line with broken bytes elsewhere, so that its product stays."""
    try:
        found = json.loads(content.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    sku = found.get(sku_column) if isinstance(found, dict) and sku_column else None
    readable = isinstance(sku, str | int) and "\ufffd" not in str(sku)
    return str(sku).strip() if readable else None
