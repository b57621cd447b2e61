"""`findalike rollback`: the generation before is live again."""

import click

from search.cli import echo_json, json_option
from search.settings import load_settings


@click.command()
@json_option
def rollback(*, as_json: bool) -> None:
    """Make the generation live again that was live before the present one."""
    from search.database.connection import open_database
    from search.publication.publishing import rollback as go_back

    settings = load_settings()
    database = open_database(settings, application_name="findalike-rollback")
    try:
        live = go_back(database, settings)
    finally:
        database.dispose()
    if as_json:
        echo_json({"generation": live, "state": "live"})
    else:
        click.echo(f"Generation {live} is live again.")
