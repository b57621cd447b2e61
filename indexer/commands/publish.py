"""`findalike publish`: makes a verified generation live."""

import click

from indexer.commands.inspect import show
from search.cli import echo_json, json_option
from search.settings import load_settings


@click.command()
@click.argument("generation", type=int, required=False)
@json_option
def publish(*, generation: int | None, as_json: bool) -> None:
    """Verify GENERATION, or the newest one built, make it live, and look it over."""
    from indexer.inspect import look_after
    from search.db import open_database
    from search.publication import publish as make_live

    settings = load_settings()
    database = open_database(settings, application_name="findalike-publish")
    try:
        live = make_live(database, settings, generation)
        if not as_json:
            click.echo(f"Generation {live} is live.")
        looked = look_after(database, settings, started_by="publish")
    finally:
        database.dispose()
    if as_json:
        echo_json({"generation": live, "state": "live", **looked})
    else:
        show(looked)
