"""`findalike migrate`: bring the database's schema to what this release needs."""

import click

from search.cli import echo_json, json_option


@click.command()
@json_option
def migrate(*, as_json: bool) -> None:
    """Bring the database schema up to date; safe to repeat, rows stay."""
    from search.database import schema
    from search.database.connection import connect_database

    database = connect_database(application_name="findalike-migrate")
    try:
        before = schema.schema_revision(database)
        schema.migrate(database)
        after = schema.schema_revision(database)
    finally:
        database.dispose()
    if as_json:
        echo_json({"before": before, "after": after})
    elif before == after:
        click.echo(f"The schema is up to date, at revision {after}.")
    else:
        click.echo(f"The schema went from {before or 'nothing'} to revision {after}.")
