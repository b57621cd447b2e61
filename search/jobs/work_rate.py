"""How fast work goes: over the last minute, not since it began, which may be hours ago.

Samples are pairs of seconds since the epoch and of what was done by then, oldest first: plain
numbers, so that they can be kept in a job's report. The caller says what time it is.
"""

from collections.abc import Sequence

WINDOW_S = 60.0
APART_S = 5.0
"""Samples nearer to each other than this are one, so that there are never many."""

Samples = Sequence[Sequence[float]]


def add_sample(samples: Samples, at: float, done: int) -> list[list[float]]:
    """Return samples with one more; those that are too old to matter are gone.

    The youngest that is older than the window stays: work whose steps take minutes has a rate too.
    """
    kept = [list(sample) for sample in samples]
    if len(kept) > 1 and kept[-1][0] - kept[-2][0] < APART_S:
        kept.pop()
    kept.append([round(at, 2), done])
    while len(kept) > 2 and kept[1][0] <= at - WINDOW_S:
        kept.pop(0)
    return kept


def rate_of(samples: Samples, at: float) -> float | None:
    """Return steps per second up to now; None where nothing was done yet."""
    if not samples:
        return None
    since, before = samples[0]
    gained = samples[-1][1] - before
    return gained / (at - since) if gained > 0 and at > since else None
