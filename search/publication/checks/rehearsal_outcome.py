"""What a rehearsal found: checks with verdicts, and whether the generation may go live."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

CHECKS = ("checksums", "model", "counts", "probe", "recall", "latency", "size", "overlap", "suite")
"""All checks, in the order that they are made."""
FIRM = ("checksums",)
"""What nobody may overrule: searchers could not read such a generation."""
WAIVABLE = tuple(name for name in CHECKS if name not in FIRM)

Verdict = Literal["passed", "failed", "skipped", "told"]
"""`skipped`: there was nothing to measure. `told`: measured, but it decides nothing this time."""


@dataclass(frozen=True, slots=True)
class RehearsalCheck:
    """One check."""

    name: str  # of CHECKS
    verdict: Verdict
    sentence: str  # what was found, and what to do where it failed
    measured: float | None = None
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """All checks of one generation."""

    generation: int
    against: int | None  # the generation that was live meanwhile
    checks: tuple[RehearsalCheck, ...]
    seconds: float
    in_spite_of: tuple[str, ...] = ()  # checks that may fail, by somebody's decision

    @property
    def refusing(self) -> tuple[RehearsalCheck, ...]:
        """The failed checks that keep the generation from going live."""
        return tuple(
            check
            for check in self.checks
            if check.verdict == "failed" and check.name not in set(self.in_spite_of) - set(FIRM)
        )

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return asdict(self) | {
            "checks": [asdict(check) for check in self.checks],
            "in_spite_of": list(self.in_spite_of),
            "refused": bool(self.refusing),
        }


def judged(
    name: str, measured: float, limit: float, sentence: str, *, at_least: bool = False
) -> RehearsalCheck:
    """Return a check that passed if what was measured stays within its limit.

    Args:
        name: Of the check.
        measured: What was found.
        limit: The largest value that passes; with `at_least` the smallest.
        sentence: What was found, in words.
        at_least: Whether more is better.
    """
    within = measured >= limit if at_least else measured <= limit
    return RehearsalCheck(
        name, "passed" if within else "failed", sentence, round(measured, 4), limit
    )


def refusal(rehearsal: Rehearsal) -> str:
    """Say why a generation was not published, and how to publish it all the same."""
    failed = rehearsal.refusing
    found = " ".join(f"{check.name}: {check.sentence}" for check in failed)
    told = f"Generation {rehearsal.generation} was not published; what was live stays. {found}"
    if any(check.name in FIRM for check in failed):
        return told
    names = ",".join((*rehearsal.in_spite_of, *(check.name for check in failed)))
    return (
        f"{told} It is kept: `findalike publish {rehearsal.generation} --in-spite-of {names}` "
        "makes it live all the same."
    )
