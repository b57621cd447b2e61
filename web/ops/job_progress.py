"""How far running jobs are, in words and in numbers; the pages poll both."""

from typing import TypedDict

from search.jobs.job_records import JobRecord
from search.jobs.job_stages import StageProgress
from search.operation.readable_units import span


class Progress(TypedDict):
    """One running job, as `/ops/running` answers."""

    id: int
    processed: float  # steps that are done, with the done part of the present one
    total: int  # 0: not counted yet
    text: str


def progress_text(job: JobRecord) -> str:
    """Return how far a job is, in words: stage or steps, rate, time left, refusals."""
    if not job.total:
        return "Counting what there is to do"
    facts = []
    if job.stage:
        facts.append(f"{job.processed} of {job.total} stages done, now {job.stage}")
        facts += stage_facts(job.progress) if job.progress else []
    else:
        share = 100 * job.processed // job.total
        facts.append(f"{job.processed:,} of {job.total:,} ({share} %)")
    if not job.stage and job.rate:
        facts.append(f"{job.rate:,.1f} per second")
    if job.left_s is not None:
        facts.append(f"{span(job.left_s)} left")
    if not job.stage:
        facts.append(f"{job.failed:,} refused")
    facts.append(f"running for {span(job.elapsed_s)}")
    return " · ".join(facts)


def stage_facts(progress: StageProgress) -> list[str]:
    """Return how far a stage is, in words."""
    facts = [progress.step] if progress.step else []
    if progress.done or progress.total:
        whole = f" of {progress.total:,}" if progress.total is not None else ""
        facts.append(f"{progress.done:,}{whole} {progress.unit}".rstrip())
    if progress.rate:
        facts.append(f"{progress.rate:,.1f} per second")
    if progress.left_s is not None:
        facts.append(f"{span(progress.left_s)} left of it")
    return facts


def progress_of(job: JobRecord) -> Progress:
    """Return what a page needs to update a job's progress bar."""
    return Progress(id=job.id, processed=job.reached, total=job.total, text=progress_text(job))
