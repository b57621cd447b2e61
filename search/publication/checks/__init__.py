"""The rehearsal of a generation before it goes live: named checks, each with what it measured.

Publishing calls it. A check judges and changes nothing; what its verdict means is decided by
`search.publication.publishing`.
"""

from search.publication.checks.kept_rehearsals import keep_rehearsal, latest_rehearsal
from search.publication.checks.rehearsal_outcome import (
    CHECKS,
    WAIVABLE,
    Rehearsal,
    RehearsalCheck,
    refusal,
)
from search.publication.checks.rehearse import rehearse

__all__ = [
    "CHECKS",
    "WAIVABLE",
    "Rehearsal",
    "RehearsalCheck",
    "keep_rehearsal",
    "latest_rehearsal",
    "refusal",
    "rehearse",
]
