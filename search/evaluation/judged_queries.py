"""Judged queries: `photos.csv`, `texts.csv`, `both.csv`, and what counts as relevant.

A row is a query. It has `photo` or `text` or both, and `sku` (products, separated by `|`) or
`category` (any product at or below that path). `change` names what the text changes about the
photo, so that each kind of change is measured apart.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from search.errors import UnusableCatalogue


@dataclass(frozen=True, slots=True)
class Judged:
    """One query and what it should find."""

    name: str  # unique in its file
    photo: Path | None
    text: str
    skus: tuple[str, ...]
    category: str | None
    change: str = ""  # what the text changes about the photo

    @property
    def kind(self) -> str:
        """`photo`, `text` or `both`."""
        if self.photo is not None:
            return "both" if self.text else "photo"
        return "text"

    def relevant(self, categories: Mapping[str, str | None]) -> frozenset[str]:
        """Return the skus of right answers, given the category of each sku of the catalogue."""
        if self.category is None:
            return frozenset(sku for sku in self.skus if sku in categories)
        below = f"{self.category} > "
        return frozenset(
            sku
            for sku, path in categories.items()
            if path is not None and (path == self.category or path.startswith(below))
        )


def load_judged(path: Path, *, split: str | None = None) -> list[Judged]:
    """Read judged queries from a CSV file.

    Args:
        path: `photos.csv` or `texts.csv`; photos are relative to it.
        split: Keep only rows of this split, where the file has a `split` column.

    Raises:
        UnusableCatalogue: no such file, a column is missing, or no row is left.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            rows = list(csv.DictReader(lines))
    except OSError as error:
        raise UnusableCatalogue(f"Can't read {path}: {error.strerror}.") from error
    columns = set(rows[0]) if rows else set()
    if not columns & {"photo", "text"} or not columns & {"sku", "category"}:
        raise UnusableCatalogue(
            f"{path} needs a column `photo` or `text`, and `sku` or `category`; "
            f"it has {sorted(columns)}."
        )
    if split is not None and "split" in columns:
        rows = [row for row in rows if row["split"] == split]
    if not rows:
        raise UnusableCatalogue(
            f"{path} holds no query" + (f" of split {split}." if split else ".")
        )
    return [_judged(path, number, row) for number, row in enumerate(rows, 1)]


def _judged(path: Path, number: int, row: Mapping[str, str]) -> Judged:
    """Turn one CSV row into a query."""
    photo = (row.get("photo") or "").strip()
    skus = (row.get("sku") or "").strip()
    return Judged(
        name=f"{path.stem}-{number}",
        photo=path.parent / photo if photo else None,
        text=(row.get("text") or "").strip(),
        skus=tuple(sku.strip() for sku in skus.split("|") if sku.strip()),
        category=None if skus else (row.get("category") or "").strip() or None,
        change=(row.get("change") or "").strip(),
    )


def split_by_kind(judged: Sequence[Judged]) -> dict[str, list[Judged]]:
    """Return the queries by kind; only kinds that occur."""
    kinds: dict[str, list[Judged]] = {}
    for query in judged:
        kinds.setdefault(query.kind, []).append(query)
    return kinds
