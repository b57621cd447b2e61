"""Sizes, spans of time and moments, written for people. Used by commands and pages alike."""

from datetime import UTC, datetime

SPANS = (("d", 86_400), ("h", 3_600), ("min", 60))


def size(number: float) -> str:
    """Write bytes: `2 kB`, `1.5 GB`."""
    amount = float(number)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"


def span(seconds: float) -> str:
    """Write a duration with its two largest units: `2 h 5 min`, `3 min 20 s`, `0.4 s`."""
    if 0 < seconds < 10:
        return f"{seconds:.1f} s"
    rest = round(max(seconds, 0))
    parts: list[str] = []
    for unit, length in (*SPANS, ("s", 1)):
        amount, rest = divmod(rest, length)
        if amount or parts:
            parts.append(f"{amount} {unit}" if amount else "")
    return " ".join(part for part in parts[:2] if part) or "0 s"


def ago(moment: datetime | None) -> str:
    """Write how long ago a moment was."""
    if moment is None:
        return "never"
    seconds = max((datetime.now(UTC) - moment).total_seconds(), 0)
    for unit, length in SPANS:
        if seconds >= length:
            return f"{seconds / length:.0f} {unit} ago"
    return f"{seconds:.0f} s ago"


def counts(found: dict[str, int]) -> str:
    """Write counts by name in one line."""
    return ", ".join(f"{count:,} {name}" for name, count in found.items()) or "none"
