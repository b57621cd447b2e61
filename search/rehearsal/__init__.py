"""The rehearsal of a generation before it goes live: named checks, each with what it measured."""

from search.rehearsal.kept import keep_rehearsal, latest_rehearsal
from search.rehearsal.outcome import CHECKS, WAIVABLE, Check, Rehearsal, refusal
from search.rehearsal.rehearse import rehearse

__all__ = [
    "CHECKS",
    "WAIVABLE",
    "Check",
    "Rehearsal",
    "keep_rehearsal",
    "latest_rehearsal",
    "refusal",
    "rehearse",
]
