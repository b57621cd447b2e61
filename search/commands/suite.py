"""`findalike suite`: whether the saved descriptions find what they should."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from search.cli import echo_json, json_option
from search.settings import load_settings

if TYPE_CHECKING:
    from search.merchandising.suite_runs import Run

SIGNS = {"better": "+", "worse": "-", "mixed": "~", "same": " ", "new": "*", "marks": "?"}


def described(run: "Run", before: "Run | None") -> str:
    """Write a run for people: a line for each description, then the totals."""
    changes = run.changes(before)
    lines = []
    for each in run.outcomes:
        first = f"first at {each.first}" if each.first else "none in the first 100"
        wrong = f", {each.shown_wrong} wrong" if each.shown_wrong else ""
        lines.append(
            f"{SIGNS[changes[each.id]]} {each.text}: {each.found} of {each.right} right in the "
            f"first 10, {first}{wrong}"
        )
    sums = run.totals
    against = f" Compared with run {before.id}." if before is not None else ""
    lines.append(
        f"Generation {run.generation_id}: {sums.found} of {sums.right} right in the first 10, "
        f"MRR {sums.mrr:.3f}, {sums.shown_wrong} wrong.{against}"
    )
    return "\n".join(lines)


@click.command()
@click.option("--generation", type=int, help="Ask this generation; unset: the live one.")
@json_option
def suite(*, generation: int | None, as_json: bool) -> None:
    """Ask all saved descriptions, and compare with the generation before."""
    from search.database.audit_trail import cli_actor
    from search.database.connection import session_scope
    from search.engine.search_engine import open_search_engine
    from search.merchandising.suite_runs import engine_for, run_and_keep, run_before

    settings = load_settings()
    engine = open_search_engine(settings)
    try:
        asked = engine if generation is None else engine_for(engine, settings, generation)
        run = run_and_keep(asked, started_by=cli_actor())
        before = None
        if run is not None:
            with session_scope(engine.database) as session:
                before = run_before(session, run)
    finally:
        engine.close()
    if as_json:
        echo_json(
            {
                "run": run and asdict(run) | {"totals": asdict(run.totals)},
                "against": before and before.id,
                "changes": run.changes(before) if run else {},
            }
        )
    elif run is None:
        click.echo("No saved description has products marked right or wrong; see /studio/saved.")
    else:
        click.echo(described(run, before))
