"""What one `reindex` did, in a few numbers for a glance."""

from dataclasses import dataclass

from search.jobs.job_records import JobRecord

SUMMED = ("rows", "new", "changed", "retired", "refused")


@dataclass(frozen=True, slots=True)
class NightSummary:
    """The last night."""

    job: JobRecord
    came: dict[str, int]  # of all catalogues: rows, new, changed, retired, refused
    encoded: int  # pictures
    unusable: int
    generation: int | None  # live since then; None: the run failed before
    published: bool  # False: nothing had changed


def summary_of(job: JobRecord | None) -> NightSummary | None:
    """Return the summary of a reindex; None where none ever ran."""
    if job is None:
        return None
    sources, encoded = job.report.get("sources", []), job.report.get("encode", {})
    return NightSummary(
        job=job,
        came={name: sum(found[name] for found in sources) for name in SUMMED},
        encoded=encoded.get("encoded", 0),
        unusable=sum(encoded.get("failed", {}).values()),
        generation=job.report.get("generation"),
        published=job.report.get("changed", False),
    )
