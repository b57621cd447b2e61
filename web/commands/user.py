"""`findalike user`: who may log in, and as what."""

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, TypeVar

import click

from search.cli import echo_json, in_session, json_option
from search.database.models import ROLES

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from web.accounts.account_store import AccountView

T = TypeVar("T")


def changed(work: "Callable[[Session, str], T]") -> T:
    """Run an audited change of an account in a transaction, as whoever runs the command."""
    from search.database.audit_trail import cli_actor

    return in_session(lambda session: work(session, cli_actor()), "findalike-user")


def shown(account: "AccountView") -> dict[str, object]:
    """Return what is shown of an account."""
    return {name: value for name, value in asdict(account).items() if name != "stamp"}


password_option = click.option(
    "--password",
    prompt=True,
    hide_input=True,
    confirmation_prompt=True,
    help="Asked for where it is not given; other users of this machine see arguments.",
)


@click.group()
def user() -> None:
    """Keep the accounts of merchandisers, operators and admins."""


@user.command()
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), required=True, help="What the account may do.")
@password_option
@json_option
def add(*, name: str, role: str, password: str, as_json: bool) -> None:
    """Make an account NAME; asks for its password."""
    from web.accounts import account_changes

    account = changed(
        lambda session, actor: account_changes.add(session, actor, name, role, password)
    )
    if as_json:
        echo_json(shown(account))
    else:
        click.echo(f"{account.name} may log in as {account.role}.")


@user.command(name="list")
@json_option
def list_(*, as_json: bool) -> None:
    """Show all accounts."""
    from web.accounts.account_store import list_accounts

    accounts = in_session(list_accounts, "findalike-user")
    if as_json:
        echo_json({"accounts": [shown(account) for account in accounts]})
        return
    for account in accounts:
        last = account.last_login_at
        seen = f"last here {last:%Y-%m-%d %H:%M} UTC" if last else "never here"
        click.echo(f"{account.name}: {account.role}, {seen}{', locked' * account.is_locked}")
    if not accounts:
        click.echo("There is no account. `findalike user add NAME --role admin` makes one.")


@user.command()
@click.argument("name")
@password_option
@json_option
def password(*, name: str, password: str, as_json: bool) -> None:
    """Give NAME another password; unlocks the account and ends its sessions."""
    from web.accounts import account_changes

    account = changed(
        lambda session, actor: account_changes.set_password(session, actor, name, password)
    )
    if as_json:
        echo_json(shown(account))
    else:
        click.echo(f"{account.name} has another password.")


@user.command()
@click.argument("name")
@click.argument("role", type=click.Choice(ROLES))
@json_option
def role(*, name: str, role: str, as_json: bool) -> None:
    """Give NAME another ROLE."""
    from web.accounts import account_changes

    account = changed(lambda session, actor: account_changes.set_role(session, actor, name, role))
    if as_json:
        echo_json(shown(account))
    else:
        click.echo(f"{account.name} is {account.role} now.")


@user.command()
@click.argument("name")
@json_option
def remove(*, name: str, as_json: bool) -> None:
    """Delete the account NAME; its sessions end."""
    from web.accounts import account_changes

    changed(lambda session, actor: account_changes.remove(session, actor, name))
    if as_json:
        echo_json({"removed": name})
    else:
        click.echo(f"{name} can't log in any more.")
