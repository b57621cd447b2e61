"""`findalike status`: the catalogue, the index, jobs, workers and disk at a glance."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from search.cli import echo_json, json_option
from search.settings import load_settings

if TYPE_CHECKING:
    from rich.table import Table

    from search.jobs import JobView
    from search.status import LiveIndex, Status


def size(number: int) -> str:
    """Write bytes for people."""
    amount = float(number)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"


def ago(moment: datetime | None) -> str:
    """Write how long ago a moment was."""
    if moment is None:
        return "never"
    seconds = max((datetime.now(UTC) - moment).total_seconds(), 0)
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit} ago"
    return f"{seconds:.0f} s ago"


def counts(found: dict[str, int]) -> str:
    """Write counts by name in one line."""
    return ", ".join(f"{count:,} {name}" for name, count in found.items()) or "none"


def describe_live(live: "LiveIndex | None") -> str:
    """Write the published generation and what its manifest measured."""
    if live is None:
        return "none yet: run `findalike reindex`"
    plain = {
        name: value
        for name, value in live.manifest.items()
        if isinstance(value, str | int | float) and name not in ("model_tag", "created_at")
    }
    facts = ", ".join(
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in plain.items()
    )
    return f"{live.id} ({live.model_tag}), published {ago(live.published_at)}\n{facts}".strip()


def overview(status: "Status") -> "Table":
    """Return the table of everything but jobs."""
    from rich.table import Table
    from rich.text import Text

    workers = [
        f"{worker.hostname} pid {worker.pid}, since {ago(worker.connected_at)}"
        for worker in status.workers
    ]
    queue = "broker does not answer" if status.queued_tasks is None else f"{status.queued_tasks:,}"
    table = Table(show_header=False, box=None, padding=(0, 2))
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in {
        "home": str(status.home),
        "database": f"PostgreSQL {status.postgres_version}, schema {status.schema_revision}",
        "live index": describe_live(status.live),
        "products": f"{status.products:,}, and {status.retired_products:,} retired",
        "pictures": counts(status.images),
        "embeddings": counts(status.embeddings),
        "quarantine": counts(status.quarantine),
        "workers": "\n".join(workers) or "none",
        "queued tasks": queue,
        "disk": ", ".join(f"{name} {size(used)}" for name, used in status.disk.used_bytes.items())
        + f"; {size(status.disk.free_bytes)} free",
    }.items():
        table.add_row(name, Text(value))
    return table


def jobs_table(jobs: "list[JobView]") -> "Table":
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
    from search.db import open_database
    from search.status import read_status

    settings = load_settings()
    database = open_database(settings, application_name="findalike-status")
    try:
        found = read_status(database, settings)
    finally:
        database.dispose()
    if as_json:
        echo_json(asdict(found))
        return
    from rich.console import Console

    console = Console()
    console.print(overview(found))
    if found.jobs:
        console.print(jobs_table(found.jobs))
