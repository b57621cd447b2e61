"""A job's report as tables for people: single facts, counts by name, lists of similar things.

Reports are read as plain JSON, so that every kind of job can be shown.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LABELS = {
    "source": "Catalogue",
    "generation": "Generation",
    "rows": "Rows",
    "new": "New",
    "changed": "Changed",
    "unchanged": "Unchanged",
    "retired": "Retired",
    "returned": "Returned",
    "refused": "Refused",
    "indexed": "Indexed",
    "without_picture": "Without a usable picture",
    "waiting": "Changed meanwhile",
    "verdict": "Verdict",
    "measured": "Measured",
    "limit": "Limit",
    "sentence": "Finding",
    "job": "Encode job",
    "total": "Pictures to encode",
    "encoded": "Encoded",
    "reused": "Known already",
    "asked": "Pictures asked for",
    "not_modified": "Not modified, say their hosts",
    "images_new": "Pictures new",
    "images_changed": "changed",
    "images_retried": "tried again",
    "images_removed": "removed",
    "elapsed_s": "Seconds",
    "worker_ms": "Work of all workers, ms",
    "cpu_s": "Processor seconds",
    "peak_bytes": "Peak memory in bytes",
    "images_per_s": "Pictures per second",
    "name": "Name",
    "products": "Products",
    "vectors": "Vectors",
    "bytes": "Size in bytes",
    "stored_bytes": "Size in bytes",
    "recall_at_10": "Recall at 10",
    "recall_at_10_photo": "Recall at 10, photos",
    "recall_at_10_text": "Recall at 10, texts",
    "p50": "Half within",
    "p95": "95 % within",
    "p50_ms": "Half of searches within, ms",
    "p95_ms": "95 % of searches within, ms",
    "factory": "Index",
    "reason": "Why this index",
    "nlist": "Lists (nlist)",
    "nprobe": "Lists searched (nprobe)",
    "m": "Code parts (m)",
    "nbits": "Bits per part (nbits)",
    "candidates": "Rescored per query",
    "dim": "Dimensions",
    "patch_dim": "Dimensions of a part of a picture",
    "model": "FINDALIKE_MODEL",
    "model_tag": "Model",
    "created_at": "Built",
    "events_forgotten": "Old searches forgotten",
}
"""Labels of single facts, in the order in which they are shown; other facts follow."""
TITLES = {
    "sources": "Catalogues",
    "products": "Products",
    "seconds": "Seconds per stage",
    "cost": "Processor time and memory",
    "fetch": "Pictures from hosts",
    "kept": "Kept though their host refuses them now, by reason",
    "put_off": "Put off, by host",
    "refusals": "Rows refused, by reason",
    "remarks": "Rows taken in spite of",
    "encode": "Encoding",
    "failed": "Pictures refused, by reason",
    "manifest": "Live index",
    "measured": "Measured",
    "ann_ms": "Search in the index, ms",
    "exact_ms": "Exact search, ms",
    "left_out": "Not indexed",
    "thresholds": "Thresholds of likeness",
    "rehearsal": "Rehearsal",
    "checks": "Checks",
    "swept": "Left behind by killed runs",
}
"""Titles of parts of a report, in their order."""
WHOLE_REPORT = "Report"
LEFT_OUT = frozenset(("stage", "progress", "checksum", "signature", "format", "files", "examples"))
"""Facts that only the JSON shows, or that other tables show."""


@dataclass(frozen=True, slots=True)
class ReportTable:
    """One table. Columns without a name hold labels and values."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]


def label(name: str) -> str:
    """Return the label of a fact."""
    if "." in name:  # a host
        return name
    return LABELS.get(name) or name.replace("_", " ").capitalize()


def title_of(name: str) -> str:
    """Return the title of a part of a report."""
    return TITLES.get(name) or label(name)


def report_tables(report: Mapping[str, Any], title: str = WHOLE_REPORT) -> Iterator[ReportTable]:
    """Yield the tables of a report: its own facts, then those of its parts, to any depth."""
    plain = [
        (label(name), value)
        for name, value in _ordered(report, LABELS)
        if not isinstance(value, dict | list) and value is not None
    ]
    if title.endswith(TITLES["seconds"]):  # the longest stage comes first
        plain.sort(key=lambda row: -float(row[1]))
    if plain:
        yield ReportTable(title, ("", ""), tuple(plain))
    for name, value in _ordered(report, TITLES):
        if isinstance(value, dict):
            yield from report_tables(value, title_of(name))
        elif isinstance(value, list) and value:
            yield from _list_tables(title_of(name), value)


def _ordered(report: Mapping[str, Any], names: Mapping[str, str]) -> list[tuple[str, Any]]:
    """Return the shown facts of a report in the order of names; jsonb keeps no order."""
    order = {name: place for place, name in enumerate(names)}
    told = [(name, value) for name, value in report.items() if name not in LEFT_OUT]
    return sorted(told, key=lambda part: (order.get(part[0], len(order)), part[0]))


def _list_tables(title: str, values: Sequence[Any]) -> Iterator[ReportTable]:
    """Yield one table of similar things, and the tables of their parts."""
    if not all(isinstance(value, dict) for value in values):
        yield ReportTable(title, ("",), tuple((str(value),) for value in values))
        return
    first = _ordered(values[0], LABELS)
    names = [name for name, value in first if not isinstance(value, dict | list)]
    rows = tuple(tuple(value.get(name) for name in names) for value in values)
    yield ReportTable(title, tuple(label(name) for name in names), rows)
    for value in values:
        for name, part in _ordered(value, TITLES):
            if isinstance(part, dict) and part:
                whose = f" ({value.get(names[0])})" if len(values) > 1 and names else ""
                yield from report_tables(part, f"{title_of(name)}{whose}")


def flat_facts(report: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, object]]:
    """Yield every fact of a report with its path, such as `measured.ann_ms.p50`."""
    for name, value in report.items():
        way = f"{before}{name}"
        if isinstance(value, dict):
            yield from flat_facts(value, f"{way}.")
        elif isinstance(value, list):
            yield from flat_facts(
                {str(number): part for number, part in enumerate(value)}, f"{way}."
            )
        else:
            yield way, value
