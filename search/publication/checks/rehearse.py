"""Makes all checks of a generation, and compares it with the one that is live.

Nothing is changed and nothing is refused here: `search.publication.publishing` decides by what is
found.
"""

import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy
import structlog

from search.encoder import Encoder
from search.errors import DamagedGeneration
from search.index.generation_files import Generation, load_generation, verify_files
from search.merchandising.regression_suite import DescriptionOutcome
from search.publication.checks.comparison_sides import Sides, check_model
from search.publication.checks.index_checks import check_latency, check_probe, check_recall
from search.publication.checks.live_comparison import check_overlap, check_size
from search.publication.checks.product_counts import check_counts
from search.publication.checks.rehearsal_outcome import Rehearsal, RehearsalCheck
from search.publication.checks.suite_check import check_suite
from search.settings import Settings

log = structlog.get_logger()

Stored = tuple[int, Path]
"""Number and directory of a generation."""


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """A rehearsal, and the answers to the saved descriptions that it asked for."""

    rehearsal: Rehearsal
    outcomes: tuple[DescriptionOutcome, ...] = ()


def rehearse(
    database: sqlalchemy.Engine,
    settings: Settings,
    new: Stored,
    live: Stored | None,
    *,
    encoder: Encoder | None = None,
    in_spite_of: Collection[str] = (),
) -> Rehearsed:
    """Check a generation as it lies on disk.

    Args:
        database: The catalogue, the rules, the saved descriptions, what was asked.
        settings: Limits, and how searchers ask.
        new: What is to go live.
        live: What is live; None: nothing.
        encoder: A model that is loaded already.
        in_spite_of: Checks that may fail.
    """
    started = time.monotonic()
    checks: list[RehearsalCheck] = []
    outcomes: tuple[DescriptionOutcome, ...] = ()
    try:
        manifest = verify_files(new[1])
        generation = load_generation(new[1], new[0])
    except DamagedGeneration as error:
        checks.append(RehearsalCheck("checksums", "failed", str(error)))
    else:
        sentence = f"All {len(manifest.files)} files are what the manifest says."
        checks.append(RehearsalCheck("checksums", "passed", sentence))
        sides = Sides(database, settings, encoder)
        before = _load_live(live)
        checks += [
            check_model(sides, generation, before),
            check_counts(database, generation),
            check_probe(generation),
            check_recall(sides, generation, settings.recall_floor),
        ]
        checks += _comparisons(sides, generation, before)
        suite = check_suite(sides, generation, before, settings.suite_drop)
        checks.append(suite.check)
        outcomes = suite.outcomes
    seconds = round(time.monotonic() - started, 2)
    against = live[0] if live is not None else None
    found = Rehearsal(new[0], against, tuple(checks), seconds, tuple(sorted(in_spite_of)))
    verdicts = {check.name: check.verdict for check in checks}
    log.info("generation_rehearsed", generation=new[0], seconds=seconds, **verdicts)
    return Rehearsed(found, outcomes)


def _load_live(live: Stored | None) -> Generation | None:
    """Return the live generation; None where there is none, or it can't be read any more."""
    if live is None:
        return None
    try:
        return load_generation(live[1], live[0])
    except DamagedGeneration as error:
        log.warning("live_generation_damaged", generation=live[0], error=str(error))
        return None


def _comparisons(sides: Sides, new: Generation, live: Generation | None) -> list[RehearsalCheck]:
    """Make the checks that need a live generation."""
    if live is None:
        nothing = "No live generation can be read to compare with."
        return [RehearsalCheck(name, "skipped", nothing) for name in ("latency", "size", "overlap")]
    settings = sides.settings
    return [
        check_latency(new, live, settings.latency_limit),
        check_size(sides.database, new, live, settings.shrink_limit),
        check_overlap(sides, new, live, settings.overlap_floor),
    ]
