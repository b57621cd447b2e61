"""What every catalogue reader yields, and what it offers."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """One row as the source has it: nothing about its values is checked."""

    line: int  # 1-based line of the file, or row number where there are no lines
    values: dict[str, object]  # by field name; absent where the source has no such column
    images: tuple[object, ...]  # one entry per image column


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that can't be taken, and why."""

    line: int
    sku: str | None  # where it could still be read
    reason: str  # a short code, such as `bad_utf8`
    detail: str  # a sentence that says what to do


class CatalogueSource(Protocol):
    """A catalogue that is read from start to end, in bounded memory."""

    @property
    def name(self) -> str:
        """What tells this catalogue from others: its absolute path."""
        ...

    @property
    def base(self) -> Path:
        """The folder that relative picture paths start from."""
        ...

    def estimated_rows(self) -> int | None:
        """Return about how many rows there are, where that is cheap to know."""
        ...

    def rows(self) -> Iterator[SourceRecord | RefusedRow]:
        """Read all rows, in order; may be called again.

        Raises:
            UnusableCatalogue: the file ends or breaks in a way that no row can be blamed for.
        """
        ...
