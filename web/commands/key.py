"""`findalike key`: which programs may use the API, and for what."""

from dataclasses import asdict

import click

from search.cli import echo_json, in_session, json_option
from search.database.models import SCOPES


@click.group()
def key() -> None:
    """Keep the keys of programs that use the API."""


@key.command()
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice(SCOPES),
    multiple=True,
    required=True,
    help="What the key may do; may be given several times.",
)
@json_option
def add(*, name: str, scopes: tuple[str, ...], as_json: bool) -> None:
    """Make a key for the program NAME and print it, this once."""
    from search.database.audit_trail import cli_actor
    from web.accounts.api_keys import add_key

    made, secret = in_session(
        lambda session: add_key(session, name, scopes, actor=cli_actor()), "findalike-key"
    )
    if as_json:
        echo_json({**asdict(made), "key": secret})
        return
    click.echo(secret)
    click.echo(
        f"This is the key of {made.name} ({', '.join(made.scopes)}). It is not shown again. "
        "Send it as `Authorization: Bearer KEY`.",
        err=True,
    )


@key.command(name="list")
@json_option
def list_(*, as_json: bool) -> None:
    """Show all keys, without what opens anything."""
    from web.accounts.api_keys import list_keys

    keys = in_session(list_keys, "findalike-key")
    if as_json:
        echo_json({"keys": [asdict(one) for one in keys]})
        return
    for one in keys:
        used = f"last used {one.last_used_at:%Y-%m-%d %H:%M} UTC" if one.last_used_at else "unused"
        ended = f", revoked {one.revoked_at:%Y-%m-%d %H:%M} UTC" if one.revoked_at else ""
        click.echo(f"{one.name}: {', '.join(one.scopes)}, {used}{ended}")
    if not keys:
        click.echo("There is no key. `findalike key add NAME --scope search` makes one.")


@key.command()
@click.argument("name")
@json_option
def revoke(*, name: str, as_json: bool) -> None:
    """End the key NAME for good; servers notice within seconds."""
    from search.database.audit_trail import cli_actor
    from web.accounts.api_keys import revoke_key

    gone = in_session(lambda session: revoke_key(session, name, actor=cli_actor()), "findalike-key")
    if as_json:
        echo_json(asdict(gone))
    else:
        click.echo(f"The key {gone.name} opens nothing any more.")
