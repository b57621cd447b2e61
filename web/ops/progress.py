"""How far running jobs are, in words and as numbers that a page polls."""

from typing import TypedDict

from search.jobs import JobView
from search.operation.readable import span


class Progress(TypedDict):
    """One running job, as `/ops/running` answers."""

    id: int
    processed: int
    total: int  # 0: nobody has counted yet
    text: str


def progress_text(job: JobView) -> str:
    """Write how far a job is: steps, rate, time left, refusals, stage."""
    if not job.total:
        return "Counting what there is to do"
    share = 100 * job.processed // job.total
    facts = [f"{job.processed:,} of {job.total:,} ({share} %)"]
    if job.stage:
        facts.append(job.stage)
    elif job.rate:
        facts.append(f"{job.rate:,.1f} per second")
    if job.left_s is not None:
        facts.append(f"{span(job.left_s)} left")
    facts.append(f"{job.failed:,} refused")
    facts.append(f"running for {span(job.elapsed_s)}")
    return " · ".join(facts)


def progress_of(job: JobView) -> Progress:
    """Return what a page needs to move a job's bar."""
    return Progress(id=job.id, processed=job.processed, total=job.total, text=progress_text(job))
