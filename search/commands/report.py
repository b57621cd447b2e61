"""`findalike report`: what the last reindex did, or one before it, on one screen."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from search.cli import echo_json, in_session, json_option
from search.operation.readable_units import counts, size, span

if TYPE_CHECKING:
    from rich.table import Table
    from sqlalchemy.orm import Session

    from search.operation.run_pictures import RunPictures
    from search.operation.run_report import RunReport

STYLES = {"published": "green", "unchanged": "green", "running": "yellow"}
BAR_CELLS = 24


def facts(run: "RunReport") -> Iterator[tuple[str, str]]:
    """Yield what the first table says, by name."""
    came = run.came
    yield "came", ", ".join(f"{came[name]:,} {name}" for name in came if came[name]) or "nothing"
    if run.fetched:
        numbers = {name: value for name, value in run.fetched.items() if isinstance(value, int)}
        yield "fetched", counts(numbers)
    if run.pictures is not None:
        found = run.pictures
        speed = f", {found.per_s:,.1f}/s" if found.per_s else ""
        work = f", {span(found.worker_s)} of work" if found.worker_s else ""
        yield (
            "pictures",
            f"{found.encoded:,} encoded, {found.reused:,} known already, "
            f"{found.refused:,} refused{speed}{work}",
        )
        if found.refusals:
            yield "refused for", counts(found.refusals)
    if run.account is not None:
        yield "account", account(run)
    if run.training is not None:
        yield "training", str(run.training.get("why", ""))
    yield "took", span(run.job.elapsed_s)


def account(run: "RunReport") -> str:
    """Write what became of all rows, as a sum that can be checked."""
    found = run.account
    if found is None:
        return ""
    other = f" - {found.elsewhere:,} of other catalogues" if found.elsewhere else ""
    return (
        f"{found.rows:,} rows = {found.indexed:,} indexed + {found.without_picture:,} without a "
        f"usable picture + {found.refused:,} refused{other}; {found.retired:,} retired"
    )


def stages_table(run: "RunReport") -> "Table":
    """Return the table of what each stage took."""
    from rich.table import Table

    table = Table("stage", "seconds", "", "processor s", "peak memory")
    for stage in run.stages:
        table.add_row(
            stage.name,
            f"{stage.seconds:,.1f}",
            "█" * round(BAR_CELLS * stage.share),
            "" if stage.cpu_s is None else f"{stage.cpu_s:,.1f}",
            "" if stage.peak_bytes is None else size(stage.peak_bytes),
        )
    return table


def differences_table(run: "RunReport") -> "Table":
    """Return the table of the new generation beside the one before."""
    from rich.table import Table

    table = Table("", f"generation {run.before}", f"generation {run.generation}")
    for one in run.differences:
        table.add_row(one.name, _written(one.name, one.before), _written(one.name, one.now))
    return table


def checks_table(rehearsal: dict[str, Any]) -> "Table":
    """Return the table of the checks before publishing."""
    from rich.table import Table
    from rich.text import Text

    table = Table("check", "verdict", "measured", "limit", "found")
    for check in rehearsal.get("checks", []):
        style = "red" if check["verdict"] == "failed" else ""
        numbers = (check.get("measured"), check.get("limit"))
        table.add_row(
            check["name"],
            Text(check["verdict"], style=style),
            *("" if number is None else f"{number:,.4g}" for number in numbers),
            Text(check["sentence"]),
        )
    return table


def _written(name: str, value: object) -> str:
    if name == "stored_bytes" and isinstance(value, int):
        return size(value)
    return f"{value:,.4g}" if isinstance(value, float) else str(value)


def show(run: "RunReport") -> None:
    """Print all of it."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    console.print(Text(f"Reindex {run.job.id}: {run.headline}", STYLES.get(run.outcome, "red")))
    if run.job.error:
        console.print(Text(run.job.error))
    table = Table(show_header=False, box=None, padding=(0, 2))
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in facts(run):
        table.add_row(name, Text(value))
    console.print(table)
    if run.stages:
        console.print(stages_table(run))
    if run.differences:
        console.print(differences_table(run))
    if run.rehearsal:
        console.print(checks_table(run.rehearsal))


@click.command()
@click.argument("job", type=int, required=False)
@json_option
def report(*, job: int | None, as_json: bool) -> None:
    """Show what a reindex did: the last one, or JOB."""
    from search.operation.run_pictures import read_run_pictures
    from search.operation.run_report import read_run

    def read(session: "Session") -> "tuple[RunReport, RunPictures]":
        run = read_run(session, job)
        return run, read_run_pictures(session, run.job)

    run, pictures = in_session(read, "findalike-report")
    if as_json:
        echo_json(asdict(run) | {"examples": asdict(pictures)})
    else:
        show(run)
