"""What one `reindex` did, in a few numbers."""

from dataclasses import dataclass

from search.jobs.job_records import JobRecord

SUMMED = ("rows", "new", "changed", "retired", "refused")


@dataclass(frozen=True, slots=True)
class NightSummary:
    """The last nightly run."""

    job: JobRecord
    rows: dict[str, int]  # of all catalogues: how many read, new, changed, retired, refused
    pictures_encoded: int
    pictures_refused: int
    generation: int | None  # live after the run; None: the run failed before
    published: bool  # False: nothing had changed


def summary_of(job: JobRecord | None) -> NightSummary | None:
    """Return the summary of a reindex; None where there was none."""
    if job is None:
        return None
    sources, encoded = job.report.get("sources", []), job.report.get("encode", {})
    return NightSummary(
        job=job,
        rows={name: sum(found[name] for found in sources) for name in SUMMED},
        pictures_encoded=encoded.get("encoded", 0),
        pictures_refused=sum(encoded.get("failed", {}).values()),
        generation=job.report.get("generation"),
        published=job.report.get("changed", False),
    )
