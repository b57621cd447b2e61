"""`findalike status`: the catalogue, the index, jobs, workers and disk at a glance."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from search.cli import echo_json, json_option
from search.operation.readable_units import ago, counts, size, span
from search.settings import load_settings

if TYPE_CHECKING:
    from rich.table import Table

    from search.jobs.job_records import JobRecord
    from search.jobs.job_stages import StageProgress
    from search.operation.concerns import Concern
    from search.operation.delta_freshness import Freshness
    from search.operation.run_schedule import ScheduleState
    from search.operation.shop_status import LiveIndex, Status


UNTOLD = frozenset(("model_tag", "created_at", "checksum", "signature"))
"""Parts of a manifest that tell people nothing."""


def describe_live(live: "LiveIndex | None") -> str:
    """Write the published generation and what its manifest measured."""
    if live is None:
        return "none yet: run `findalike reindex`"
    plain = {
        name: value
        for name, value in live.manifest.items()
        if isinstance(value, str | int | float) and name not in UNTOLD
    }
    told = ", ".join(
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in plain.items()
    )
    measured = "" if live.recall_at_10 is None else f", recall {live.recall_at_10:.4f}"
    first = f"{live.id} ({live.model_tag}), published {ago(live.published_at)}{measured}"
    return f"{first}, {size(live.stored_bytes)}\n{told}".strip()


def describe_nightly(last: "JobRecord | None") -> str:
    """Write what the last reindex did."""
    if last is None:
        return "never ran"
    return f"{last.state} {ago(last.finished_at)}, took {span(last.elapsed_s)} (job {last.id})"


def describe_schedule(schedule: "ScheduleState | None") -> str:
    """Write when `reindex` runs next, and whether anybody sees to that."""
    if schedule is None:
        return "none: set FINDALIKE_SCHEDULE"
    attended = "" if schedule.attended else ", `findalike schedule` does not run"
    late = ", overdue" if schedule.overdue else ""
    when = f"{schedule.next_at:%Y-%m-%d %H:%M} UTC"
    return f"{schedule.expression} ({schedule.timezone}), next {when}{late}{attended}"


def describe_fresh(fresh: "Freshness") -> str:
    """Write what lies over the live index, and whether anybody watches."""
    delta = fresh.delta
    watched = "`findalike watch` " + ("runs" if fresh.attended else "does not run")
    if delta is None:
        return f"{watched}, no delta"
    return (
        f"{watched}, delta of {delta.products:,} new and changed products, {delta.dead:,} replaced "
        f"or withdrawn, {ago(delta.created_at)}"
    )


def describe_running(job: "JobRecord") -> str:
    """Write how far a running job is."""
    facts = [f"{job.kind} {job.id}: {job.processed:,} of {job.total:,}"]
    facts += [job.stage] if job.stage else []
    if job.progress is not None:
        facts += describe_progress(job.progress)
    facts += [f"{job.rate:,.1f}/s"] if job.rate and not job.stage else []
    facts += [f"{span(job.left_s)} left"] if job.left_s is not None else []
    return ", ".join(facts)


def describe_progress(progress: "StageProgress") -> list[str]:
    """Write how far the stage of a job is."""
    whole = f" of {progress.total:,}" if progress.total is not None else ""
    facts = (
        [f"{progress.done:,}{whole} {progress.unit}".rstrip()]
        if progress.done or progress.total
        else []
    )
    facts += [progress.step] if progress.step else []
    facts += [f"{progress.rate:,.1f}/s"] if progress.rate else []
    facts += [f"{span(progress.left_s)} left of it"] if progress.left_s is not None else []
    return facts


def measures(job: "JobRecord") -> dict[str, object]:
    """Return what follows from a running job's row: how fast, how long still."""
    progress = job.progress
    return {
        "stage": job.stage,
        "progress": None
        if progress is None
        else asdict(progress) | {"share": progress.share, "left_s": progress.left_s},
        "rate": job.rate,
        "left_s": job.left_s,
    }


def facts(status: "Status") -> dict[str, str]:
    """Return what the table shows, by name."""
    queue = "broker does not answer"
    if status.queues is not None:
        queue = ", ".join(f"{name} {waiting:,}" for name, waiting in status.queues.items())
    workers = [
        f"{worker.hostname} pid {worker.pid}, {'+'.join(worker.queues)}, "
        f"since {ago(worker.connected_at)}"
        for worker in status.workers
    ]
    used = ", ".join(f"{name} {size(used)}" for name, used in status.disk.used_bytes.items())
    return {
        "home": str(status.home),
        "database": f"PostgreSQL {status.postgres_version}, schema {status.schema_revision}",
        "live index": describe_live(status.live),
        "products": f"{status.products:,}, and {status.retired_products:,} retired",
        "pictures": counts(status.images),
        "embeddings": counts(status.embeddings),
        "quarantine": counts(status.quarantine),
        "running": "\n".join(describe_running(job) for job in status.running) or "nothing",
        "last reindex": describe_nightly(status.last_reindex),
        "schedule": describe_schedule(status.schedule),
        "freshness": describe_fresh(status.freshness),
        "workers": "\n".join(workers) or "none",
        "queued tasks": queue,
        "waiting changes": f"{status.changes.count:,}",
        "disk": f"{used}; {size(status.disk.free_bytes)} free",
    }


def overview(status: "Status", concerns: "list[Concern]") -> "Table":
    """Return the table of everything but jobs; what is wrong comes first."""
    from rich.table import Table
    from rich.text import Text

    table = Table(show_header=False, box=None, padding=(0, 2))
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for concern in concerns:
        sentences = f"{concern.found} {concern.remedy}".strip()
        table.add_row(Text(concern.subject, style="red"), Text(sentences))
    for name, value in facts(status).items():
        table.add_row(name, Text(value))
    return table


def jobs_table(jobs: "list[JobRecord]") -> "Table":
    """Return the table of the latest jobs."""
    from rich.table import Table
    from rich.text import Text

    table = Table("job", "kind", "state", "progress", "refused", "started", "took", "error")
    for job in jobs:
        share = f" ({100 * job.processed / job.total:.0f} %)" if job.total else ""
        table.add_row(
            str(job.id),
            job.kind,
            job.state,
            f"{job.processed:,} of {job.total:,}{share}",
            f"{job.failed:,}",
            ago(job.started_at),
            f"{job.elapsed_s:,.0f} s",
            Text(job.error or ""),
        )
    return table


@click.command()
@json_option
def status(*, as_json: bool) -> None:
    """Show the catalogue, the live index, jobs, workers and disk use."""
    from search.database.connection import open_database
    from search.operation.concerns import find_concerns
    from search.operation.shop_status import read_status

    settings = load_settings()
    database = open_database(settings, application_name="findalike-status")
    try:
        found = read_status(database, settings)
    finally:
        database.dispose()
    concerns = find_concerns(found, settings)
    if as_json:
        running = [asdict(job) | measures(job) for job in found.running]
        told = {"running": running, "concerns": [asdict(concern) for concern in concerns]}
        echo_json(asdict(found) | told)
        return
    from rich.console import Console

    console = Console()
    console.print(overview(found, concerns))
    if found.jobs:
        console.print(jobs_table(found.jobs))
