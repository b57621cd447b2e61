"""A job's report as tables that people read: plain facts, counts by name, lists of the like.

Knows the shape of reports only so far as JSON goes, so that every kind of job can be shown.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LABELS = {
    "ann_ms": "Search in the index, ms",
    "bytes": "Size in bytes",
    "changed": "Changed",
    "dim": "Dimensions",
    "elapsed_s": "Seconds",
    "encode": "Encoding",
    "events_forgotten": "Old searches forgotten",
    "exact_ms": "Exact search, ms",
    "failed": "Pictures refused, by reason",
    "factory": "Index",
    "images_per_s": "Pictures per second",
    "job": "Encode job",
    "left_out": "Not indexed",
    "manifest": "Generation",
    "measured": "Measured",
    "nbits": "Bits per code part",
    "products": "Products",
    "recall_at_10": "Recall at 10",
    "recall_at_10_photo": "Recall at 10, photos",
    "recall_at_10_text": "Recall at 10, texts",
    "refusals": "Rows refused, by reason",
    "remarks": "Rows taken in spite of",
    "seconds": "Seconds per stage",
    "sources": "Catalogues",
}
"""Names of reports that speak too little for themselves."""
WHOLE = "Report"
UNTOLD = frozenset(("stage", "checksum", "signature", "sha256"))


@dataclass(frozen=True, slots=True)
class ReportTable:
    """One table; columns without a name hold names and values."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]


def label(name: str) -> str:
    """Return what a part of a report is called on a page."""
    return LABELS.get(name) or name.replace("_", " ").replace(".", " ").capitalize()


def report_tables(report: Mapping[str, Any], title: str = WHOLE) -> Iterator[ReportTable]:
    """Yield the tables of a report: its own facts, then its parts, to any depth."""
    plain = [
        (label(name), value)
        for name, value in report.items()
        if not isinstance(value, dict | list) and value is not None and name not in UNTOLD
    ]
    if title == label("seconds"):  # where the time went, first
        plain.sort(key=lambda row: -float(row[1]))
    if plain:
        yield ReportTable(title, ("", ""), tuple(plain))
    for name, value in report.items():
        if isinstance(value, dict):
            yield from report_tables(
                value, label(name) if title == "Report" else f"{title}: {label(name).lower()}"
            )
        elif isinstance(value, list) and value:
            yield from _list_tables(label(name), value)


def _list_tables(title: str, values: Sequence[Any]) -> Iterator[ReportTable]:
    """Yield one table of things that are alike, and the tables of their parts."""
    if not all(isinstance(value, dict) for value in values):
        yield ReportTable(title, ("",), tuple((str(value),) for value in values))
        return
    names = [name for name, value in values[0].items() if not isinstance(value, dict | list)]
    rows = tuple(tuple(value.get(name) for name in names) for value in values)
    yield ReportTable(title, tuple(label(name) for name in names), rows)
    for value in values:
        parts = {name: part for name, part in value.items() if isinstance(part, dict) and part}
        first = str(value.get(names[0], "")) if len(values) > 1 and names else ""
        yield from report_tables(parts, first or WHOLE)


def flat(report: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, object]]:
    """Yield every fact of a report with the way to it, such as `measured.ann_ms.p50`."""
    for name, value in report.items():
        way = f"{before}{name}"
        if isinstance(value, dict):
            yield from flat(value, f"{way}.")
        elif isinstance(value, list):
            yield from flat({str(number): part for number, part in enumerate(value)}, f"{way}.")
        else:
            yield way, value
