"""The regression suite: whether saved descriptions find what they should, and what has changed.

A product counts at the place where it is shown: a variant at the place of the product that it is
folded under. Products that left the catalogue don't count. This module asks what it is given and
stores nothing; `search.merchandising.suite_runs` stores runs.
"""

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from search.merchandising.saved_descriptions import Saved

FIRST = 10
"""The first places, which shoppers look at."""
DEPTH = 100
"""Places in which the first right product is looked for."""

Places = Sequence[Collection[int]]
"""The products at each place of an answer, best first; several where variants share a place."""
SuiteChange = Literal["better", "worse", "mixed", "same", "new", "marks"]
"""Compared with an earlier run. `marks`: the marks changed, so the runs can't be compared."""


@dataclass(frozen=True, slots=True)
class DescriptionOutcome:
    """What a description found."""

    id: int
    text: str
    right: int  # products marked right
    found: int  # of these, among the first FIRST places
    first: int | None  # place of the first right product; None: not in DEPTH, or none is marked
    wrong: int  # products marked wrong
    shown_wrong: int  # of these, among the first FIRST places
    missing: tuple[str, ...]  # skus of right products that are not there
    unwanted: tuple[str, ...]  # skus of wrong products that are there
    marks: str  # a digest of which products are marked right and wrong

    @property
    def reciprocal_rank(self) -> float:
        """1 over the place of the first right product, 0 where there is none."""
        return 1 / self.first if self.first else 0.0


@dataclass(frozen=True, slots=True)
class Totals:
    """A run in a few numbers."""

    descriptions: int
    right: int  # marked right, over all descriptions
    found: int  # of these, among the first FIRST places
    mrr: float  # mean reciprocal rank of the first right product, where some are marked right
    shown_wrong: int


def run_suite(saved: Iterable[Saved], ask: Callable[[str], Places]) -> list[DescriptionOutcome]:
    """Ask every description that has marks.

    Args:
        saved: The descriptions.
        ask: Returns what stands at the first `DEPTH` places of the answer to a text.
    """
    return [measure(each, ask(each.text)) for each in saved if each.marks]


def measure(saved: Saved, places: Places) -> DescriptionOutcome:
    """Measure an answer against the marks of a description."""
    place_of: dict[int, int] = {}
    for place, products in enumerate(places, 1):
        for product in products:
            place_of.setdefault(product, place)
    right, wrong = saved.marked(right=True), saved.marked(right=False)
    far = DEPTH + 1
    shown = {mark.sku for mark in saved.marks if place_of.get(mark.product_id, far) <= FIRST}
    best = min((place_of.get(mark.product_id, far) for mark in right), default=far)
    named = "|".join(f"{mark.sku}\x00{mark.right}" for mark in (*right, *wrong))
    return DescriptionOutcome(
        id=saved.id,
        text=saved.text,
        right=len(right),
        found=sum(mark.sku in shown for mark in right),
        first=best if best <= DEPTH else None,
        wrong=len(wrong),
        shown_wrong=sum(mark.sku in shown for mark in wrong),
        missing=tuple(mark.sku for mark in right if mark.sku not in shown),
        unwanted=tuple(mark.sku for mark in wrong if mark.sku in shown),
        marks=hashlib.sha256(named.encode()).hexdigest()[:16],
    )


def totals(outcomes: Sequence[DescriptionOutcome]) -> Totals:
    """Return the totals of a run."""
    judged = [each for each in outcomes if each.right]
    mrr = sum(each.reciprocal_rank for each in judged) / len(judged) if judged else 0.0
    return Totals(
        descriptions=len(outcomes),
        right=sum(each.right for each in outcomes),
        found=sum(each.found for each in outcomes),
        mrr=round(mrr, 4),
        shown_wrong=sum(each.shown_wrong for each in outcomes),
    )


def compare(now: DescriptionOutcome, before: DescriptionOutcome | None) -> SuiteChange:
    """Return how the outcome of a description changed since an earlier run."""
    if before is None:
        return "new"
    if now.marks != before.marks:
        return "marks"
    steps = (
        now.found - before.found,
        now.reciprocal_rank - before.reciprocal_rank,
        before.shown_wrong - now.shown_wrong,
    )
    better, worse = any(step > 0 for step in steps), any(step < 0 for step in steps)
    if better and worse:
        return "mixed"
    return "better" if better else "worse" if worse else "same"


def compare_all(
    now: Iterable[DescriptionOutcome], before: Iterable[DescriptionOutcome]
) -> dict[int, SuiteChange]:
    """Return how the outcome of each description changed, by its id."""
    earlier = {each.id: each for each in before}
    return {each.id: compare(each, earlier.get(each.id)) for each in now}


def as_report(outcomes: Sequence[DescriptionOutcome]) -> dict[str, Any]:
    """Return a run as JSON."""
    return {"totals": asdict(totals(outcomes)), "descriptions": [asdict(o) for o in outcomes]}


def from_report(report: Mapping[str, Any]) -> list[DescriptionOutcome]:
    """Read what `as_report` wrote."""
    return [
        DescriptionOutcome(
            **{**each, "missing": tuple(each["missing"]), "unwanted": tuple(each["unwanted"])}
        )
        for each in report["descriptions"]
    ]
