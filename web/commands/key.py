"""`findalike key`: the keys of programs that use the API."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from search.cli import change, echo_done, echo_json, echo_list, in_session, json_option
from search.database.models import SCOPES

if TYPE_CHECKING:
    from web.accounts.api_keys import KeyView

CONNECTION = "findalike-key"


def described(key: "KeyView") -> str:
    """Return a key as one line of the list."""
    used = f"last used {key.last_used_at:%Y-%m-%d %H:%M} UTC" if key.last_used_at else "unused"
    ended = f", revoked {key.revoked_at:%Y-%m-%d %H:%M} UTC" if key.revoked_at else ""
    return f"{key.name}: {', '.join(key.scopes)}, {used}{ended}"


@click.group()
def key() -> None:
    """Make, list and revoke the keys of programs that use the API."""


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
    """Make a key for the program NAME and print it; it is never shown again."""
    from web.accounts.api_keys import add_key

    made, secret = change(
        lambda session, actor: add_key(session, name, scopes, actor=actor), CONNECTION
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
    """Show all keys, without their secrets."""
    from web.accounts.api_keys import list_keys

    none = "There is no key. `findalike key add NAME --scope search` makes one."
    echo_list("keys", in_session(list_keys, CONNECTION), described, none=none, as_json=as_json)


@key.command()
@click.argument("name")
@json_option
def revoke(*, name: str, as_json: bool) -> None:
    """End the key NAME for good; servers notice within seconds."""
    from web.accounts.api_keys import revoke_key

    gone = change(lambda session, actor: revoke_key(session, name, actor=actor), CONNECTION)
    echo_done(asdict(gone), f"The key {gone.name} opens nothing any more.", as_json=as_json)
