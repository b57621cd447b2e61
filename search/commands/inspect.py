"""`findalike inspect`: looks over the live generation and asks the saved descriptions."""

from typing import Any

import click

from search.cli import echo_json, json_option
from search.settings import load_settings


def show(report: dict[str, Any]) -> None:
    """Print what was found, and how the saved descriptions did."""
    findings, suite = report["findings"], report["suite"]
    if "error" in findings:
        click.echo(f"Could not be looked over: {findings['error']}")
    else:
        click.echo(
            f"Looked over: {findings['duplicates']:,} groups of near-duplicates, "
            f"{findings['categories']:,} doubtful categories, {findings['titles']:,} pictures "
            "that don't fit their title. /studio/health shows them."
        )
    if suite is None:
        return
    if "error" in suite:
        click.echo(f"Saved descriptions could not be run: {suite['error']}")
    else:
        click.echo(
            f"Saved descriptions: {suite['found']:,} of {suite['right']:,} right in the first 10, "
            f"MRR {suite['mrr']:.3f}; {suite['better']:,} better, {suite['worse']:,} worse."
        )


@click.command()
@json_option
def inspect(*, as_json: bool) -> None:
    """Look for near-duplicates and misfits in the live generation; run the saved descriptions.

    `findalike publish` and `findalike reindex` do the same for every new generation.
    """
    from search.database.audit_trail import cli_actor
    from search.database.connection import open_database
    from search.publication.inspection import inspect_live

    settings = load_settings()
    database = open_database(settings, application_name="findalike-inspect")
    try:
        report = inspect_live(database, settings, started_by=cli_actor())
    finally:
        database.dispose()
    if as_json:
        echo_json(report)
    else:
        show(report)
    if any("error" in (part or {}) for part in report.values()):
        raise SystemExit(1)
