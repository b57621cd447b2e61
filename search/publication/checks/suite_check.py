"""The merchandisers' saved descriptions, asked of the new generation and of the live one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from search.database.connection import session_scope
from search.engine.search_engine import SearchEngine
from search.index.generation_files import Generation
from search.merchandising.regression_suite import DescriptionOutcome, Places, measure, totals
from search.merchandising.saved_descriptions import Saved, list_saved
from search.merchandising.suite_runs import answers_of
from search.publication.checks.comparison_sides import Sides
from search.publication.checks.rehearsal_outcome import RehearsalCheck, judged
from search.results import Ids


@dataclass(frozen=True, slots=True)
class SuiteCheck:
    """The check, and what the new generation answered, to be kept when it goes live."""

    check: RehearsalCheck
    outcomes: tuple[DescriptionOutcome, ...] = ()


def check_suite(
    sides: Sides, new: Generation, live: Generation | None, most_lost: float
) -> SuiteCheck:
    """Ask all saved descriptions that have marks; the marks that hold must not become many fewer.

    Only products that both generations hold are compared: one that left the catalogue is no loss
    of the index. All marks count in the outcomes.
    """
    with session_scope(sides.database) as session:
        saved = [each for each in list_saved(session) if each.marks]
    if not saved:
        return SuiteCheck(_skipped("No saved description has marks."))
    engine = sides.engine(new)
    if engine is None:
        why = f"FINDALIKE_MODEL={new.manifest.model} can't be loaded here."
        return SuiteCheck(_skipped(f"Nothing was asked: {why}"))
    answers = _ask(engine, saved)
    outcomes = tuple(measure(each, places) for each, places in answers)
    before = sides.engine(live) if live is not None else None
    if live is None or before is None:
        share = held_share(outcomes)
        sentence = f"{share:.0%} of the marks hold. Nothing is live to compare with."
        return SuiteCheck(RehearsalCheck("suite", "told", sentence, round(share, 4)), outcomes)
    common = np.intersect1d(new.columns.product_id, live.columns.product_id)
    now = _compared(answers, common)
    if not now:
        return SuiteCheck(_skipped("No marked product is in both generations."), outcomes)
    share, was = held_share(now), held_share(_compared(_ask(before, saved), common))
    sentence = (
        f"Of the marks in {len(now):,} saved descriptions {share:.0%} hold, {was:.0%} in the "
        "live generation."
    )
    return SuiteCheck(judged("suite", was - share, most_lost, sentence), outcomes)


def held_share(outcomes: Sequence[DescriptionOutcome]) -> float:
    """Return the share of marks that hold: right ones among the first places, wrong ones not."""
    sums = totals(outcomes)
    wrong = sum(each.wrong for each in outcomes)
    marks = sums.right + wrong
    return (sums.found + wrong - sums.shown_wrong) / marks if marks else 1.0


def _ask(engine: SearchEngine, saved: Sequence[Saved]) -> list[tuple[Saved, Places]]:
    ask = answers_of(engine)
    return [(each, ask(each.text)) for each in saved]


def _compared(answers: Sequence[tuple[Saved, Places]], common: Ids) -> list[DescriptionOutcome]:
    """Return the outcomes by the marks of products that both generations hold."""
    held = set(common.tolist())
    outcomes = []
    for saved, places in answers:
        marks = tuple(mark for mark in saved.marks if mark.product_id in held)
        if marks:
            outcomes.append(measure(replace(saved, marks=marks), places))
    return outcomes


def _skipped(sentence: str) -> RehearsalCheck:
    return RehearsalCheck("suite", "skipped", sentence)
