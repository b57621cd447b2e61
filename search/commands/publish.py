"""`findalike publish`: makes a verified generation live, if its rehearsal is good."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from search.cli import echo_json, json_option
from search.commands.inspect import show
from search.settings import load_settings

MARKS = {"passed": "ok", "failed": "FAILED", "skipped": "skipped", "told": "told"}


def show_rehearsal(rehearsal: dict[str, Any]) -> None:
    """Print every check with what it found."""
    against = rehearsal["against"]
    beside = f" beside generation {against}" if against is not None else ""
    click.echo(
        f"Rehearsed generation {rehearsal['generation']}{beside} in {rehearsal['seconds']:.1f} s:"
    )
    for check in rehearsal["checks"]:
        click.echo(f"  {MARKS[check['verdict']]:<8} {check['name']:<10} {check['sentence']}")


@contextmanager
def telling_refusal(*, as_json: bool) -> Iterator[None]:
    """Print the rehearsal that refuses what a block wants to publish."""
    from search.errors import RehearsalRefused

    try:
        yield
    except RehearsalRefused as refused:
        if not as_json:
            show_rehearsal(refused.rehearsal)
            raise
        name = type(refused).__name__
        echo_json({"error": name, "message": str(refused), "rehearsal": refused.rehearsal})
        sys.exit(1)


def parse_checks(_context: click.Context, _parameter: click.Parameter, value: str) -> list[str]:
    """Return the checks that a list names; refuse what is none."""
    from search.publication.checks import WAIVABLE

    names = [name for name in value.replace(",", " ").split() if name]
    if unknown := set(names) - set(WAIVABLE):
        raise click.BadParameter(f"{', '.join(sorted(unknown))}; there are {', '.join(WAIVABLE)}.")
    return names


@click.command()
@click.argument("generation", type=int, required=False)
@click.option(
    "--in-spite-of",
    metavar="CHECKS",
    default="",
    callback=parse_checks,
    help="Publish though these checks fail, such as overlap,latency.",
)
@json_option
def publish(*, generation: int | None, in_spite_of: list[str], as_json: bool) -> None:
    """Rehearse GENERATION, or the newest one built; make it live, and look it over."""
    from search.database.connection import open_database, session_scope
    from search.publication.checks import latest_rehearsal
    from search.publication.inspection import inspect_live
    from search.publication.publishing import publish as make_live

    settings = load_settings()
    database = open_database(settings, application_name="findalike-publish")
    try:
        with telling_refusal(as_json=as_json):
            live = make_live(database, settings, generation, in_spite_of=in_spite_of)
        with session_scope(database) as session:
            rehearsal = latest_rehearsal(session, live)
        if not as_json:
            if rehearsal is not None:
                show_rehearsal(rehearsal)
            click.echo(f"Generation {live} is live.")
        looked = inspect_live(database, settings, started_by="publish", use_last_run=True)
    finally:
        database.dispose()
    if as_json:
        echo_json({"generation": live, "state": "live", "rehearsal": rehearsal, **looked})
    else:
        show(looked)
