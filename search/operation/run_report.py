"""What one `reindex` did, in the order that an operator asks: is it live, what came, what failed
and why, what it took, how good the new index is beside the one before.

Read from the report of the run's job, which fills as it goes; what a run has not come to is None.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from sqlalchemy.orm import Session

from search.errors import UnknownEntry
from search.jobs.job_records import JobRecord, latest_job, read_job
from search.operation.run_history import MeasuredBuild, measured_builds

KIND = "reindex"
COUNTED = ("rows", "new", "changed", "unchanged", "retired", "returned", "refused")
"""What is counted of each catalogue."""
COMPARED = (
    *("products", "vectors", "stored_bytes", "recall_at_10", "recall_at_10_photo"),
    *("recall_at_10_text", "p50_ms", "p95_ms", "factory", "nprobe"),
)
"""What is worth comparing of two generations."""
STAGES = ("ingest", "fetch", "encode", "build", "rehearse", "publish", "inspect", "upkeep")
"""In the order of a run: the database keeps names without theirs."""
AFTER_PUBLISHING = frozenset(("inspect", "upkeep"))

Outcome = Literal["running", "published", "unchanged", "refused", "failed"]
OUTCOMES: tuple[Outcome, ...] = ("published", "unchanged", "refused", "failed")
"""What a run that is over came to."""


@dataclass(frozen=True, slots=True)
class StageCost:
    """What one stage took."""

    name: str
    seconds: float
    share: float  # of all stages, 0 to 1
    cpu_s: float | None  # of this process and those that it started; None: not measured
    peak_bytes: int | None  # most memory of any of them, up to the end of the stage


@dataclass(frozen=True, slots=True)
class PictureTally:
    """What became of the pictures that were to be encoded."""

    encoded: int
    reused: int  # the same content had been encoded before
    refusals: dict[str, int]  # by reason, most frequent first
    per_s: float | None
    worker_s: float | None  # work of all workers, added up

    @property
    def refused(self) -> int:
        """Pictures that can't be used."""
        return sum(self.refusals.values())


@dataclass(frozen=True, slots=True)
class RunAccount:
    """What became of all that came in."""

    rows: int
    refused: int  # rows
    indexed: int  # products
    without_picture: int  # products
    retired: int  # products that left, now or earlier

    @property
    def products(self) -> int:
        """Products on sale."""
        return self.indexed + self.without_picture

    @property
    def elsewhere(self) -> int:
        """Products on sale that no row of this run brought: of catalogues that it did not read."""
        return self.products - (self.rows - self.refused)


@dataclass(frozen=True, slots=True)
class FigureDifference:
    """One figure of two generations."""

    name: str  # of COMPARED
    before: Any
    now: Any


@dataclass(frozen=True, slots=True)
class RunReport:
    """One run."""

    job: JobRecord
    outcome: Outcome
    headline: str
    generation: int | None  # live when the run ended
    came: dict[str, int]  # of all catalogues, by COUNTED
    sources: list[dict[str, Any]]  # of each catalogue
    fetched: dict[str, Any] | None  # pictures from addresses
    pictures: PictureTally | None
    stages: list[StageCost]
    account: RunAccount | None
    before: int | None  # the generation that it is compared with
    differences: list[FigureDifference]
    rehearsal: dict[str, Any] | None  # as `Rehearsal.as_dict` writes it
    training: dict[str, Any] | None  # of the index

    @property
    def seconds(self) -> float:
        """Time of all stages that are over."""
        return sum(stage.seconds for stage in self.stages)


def read_run(session: Session, job_id: int | None = None) -> RunReport:
    """Return the report of a run, as far as it has come.

    Args:
        session: Open session.
        job_id: A job of kind `reindex`; None: the latest.

    Raises:
        UnknownEntry: nothing ever ran, or the job is of another kind.
        JobFailed: there is no such job.
    """
    job = latest_job(session, KIND) if job_id is None else read_job(session, job_id)
    if job is None:
        raise UnknownEntry("run of reindex", "yet", "Run `findalike reindex SOURCE`.")
    if job.kind != KIND:
        raise UnknownEntry(
            "reindex job",
            job.id,
            f"That job is of kind {job.kind}; `findalike status` lists the latest jobs.",
        )
    return run_report(job, measured_builds(session))


def run_report(job: JobRecord, builds: Sequence[MeasuredBuild]) -> RunReport:
    """Return the report of a run; `builds` are those of before and its own, oldest first."""
    report = job.report
    generation = report.get("generation")
    changed = generation if report.get("changed") else None
    built = next((build for build in builds if build.generation == changed), None)
    before, differences = compare(builds, built)
    sources = report.get("sources", [])
    products = report.get("products")
    outcome = outcome_of(job)
    return RunReport(
        job=job,
        outcome=outcome,
        headline=_headline(job, outcome),
        generation=generation,
        came={name: sum(found.get(name, 0) for found in sources) for name in COUNTED},
        sources=sources,
        fetched=fetched if any((fetched := report.get("fetch") or {}).values()) else None,
        pictures=_pictures(report),
        stages=_stages(report),
        account=RunAccount(**{name: products[name] for name in RunAccount.__slots__})
        if products
        else None,
        before=before,
        differences=differences,
        rehearsal=report.get("rehearsal"),
        training=(report.get("manifest") or {}).get("training") if changed else None,
    )


def compare(
    builds: Sequence[MeasuredBuild], build: MeasuredBuild | None
) -> tuple[int | None, list[FigureDifference]]:
    """Return the generation before a build, and the figures of both.

    Args:
        builds: Oldest first; those of generations that are pruned too.
        build: What is compared; None: nothing, as where there is none before it.
    """
    earlier = [other for other in builds if build and other.generation < build.generation]
    if build is None or not earlier:
        return None, []
    was, now = asdict(earlier[-1]), asdict(build)
    return earlier[-1].generation, [
        FigureDifference(name, was[name], now[name]) for name in COMPARED
    ]


def outcome_of(job: JobRecord) -> Outcome:
    """Return what a run of reindex came to."""
    if job.state == "running":
        return "running"
    if job.state == "done":
        return "published" if job.report.get("changed") else "unchanged"
    return "refused" if (job.report.get("rehearsal") or {}).get("refused") else "failed"


def _headline(job: JobRecord, outcome: Outcome) -> str:
    generation = job.report.get("generation")
    told = {
        "running": f"At work: {job.stage}." if job.stage else "At work.",
        "published": f"Generation {generation} is live.",
        "unchanged": f"Nothing changed: generation {generation} stayed live.",
        "refused": "The new generation was refused; what was live stayed live.",
    }
    if outcome != "failed":
        return told[outcome]
    where = f" during {job.stage}" if job.stage else ""
    if job.stage in AFTER_PUBLISHING:
        return f"Failed{where}, after the new generation went live."
    return f"Failed{where}; what was live stayed live."


def _pictures(report: Mapping[str, Any]) -> PictureTally | None:
    found = report.get("encode")
    if found is None:
        return None
    refusals = sorted(found.get("failed", {}).items(), key=lambda one: (-one[1], one[0]))
    worker_ms = found.get("worker_ms")
    return PictureTally(
        encoded=found.get("encoded", 0),
        reused=found.get("reused", 0),
        refusals=dict(refusals),
        per_s=found.get("images_per_s"),
        worker_s=None if worker_ms is None else worker_ms / 1000,
    )


def _stages(report: Mapping[str, Any]) -> list[StageCost]:
    """Return the stages in the order that they were made in."""
    seconds, costs = report.get("seconds", {}), report.get("cost", {})
    whole = sum(seconds.values()) or 1.0
    made = sorted(seconds, key=lambda name: STAGES.index(name) if name in STAGES else len(STAGES))
    return [
        StageCost(
            name,
            seconds[name],
            seconds[name] / whole,
            costs.get(name, {}).get("cpu_s"),
            costs.get(name, {}).get("peak_bytes"),
        )
        for name in made
    ]
