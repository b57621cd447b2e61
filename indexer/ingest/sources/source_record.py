"""The interface of catalogue readers, and what they yield."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """One row as the source has it. Its values are not checked."""

    line: int  # 1-based line of the file, or row number where there are no lines
    values: dict[str, object]  # by field; absent where the source has no such column
    images: tuple[object, ...]  # one entry per image column


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that is refused, and why."""

    line: int
    sku: str | None  # where it could still be read
    reason: str  # a short code, such as `bad_utf8`
    detail: str  # a sentence that says what to do


class CatalogueSource(Protocol):
    """A catalogue that is read from start to end, in bounded memory."""

    @property
    def name(self) -> str:
        """The name of this catalogue: its absolute path, or one that the operator gave."""
        ...

    @property
    def base(self) -> Path:
        """The folder that relative picture paths start from."""
        ...

    def estimated_rows(self) -> int | None:
        """Return about how many rows there are; None where that is costly to know."""
        ...

    def rows(self) -> Iterator[SourceRecord | RefusedRow]:
        """Read all rows, in order; may be called again.

        Raises:
            UnusableCatalogue: the file is broken, and not just one row of it.
        """
        ...
