"""`findalike user`: the accounts of staff."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from search.cli import change, echo_done, echo_list, in_session, json_option
from search.database.models import ROLES

if TYPE_CHECKING:
    from web.accounts.account_store import AccountView

CONNECTION = "findalike-user"


def described(account: "AccountView") -> str:
    """Return an account as one line of the list."""
    last = account.last_login_at
    seen = f"last here {last:%Y-%m-%d %H:%M} UTC" if last else "never here"
    return f"{account.name}: {account.role}, {seen}{', locked' * account.is_locked}"


def shown(account: "AccountView") -> dict[str, object]:
    """Return what JSON shows of an account."""
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
    """Make, change and remove accounts of merchandisers, operators and admins."""


@user.command()
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), required=True, help="What the account may do.")
@password_option
@json_option
def add(*, name: str, role: str, password: str, as_json: bool) -> None:
    """Make an account NAME; asks for its password."""
    from web.accounts import account_changes

    account = change(
        lambda session, actor: account_changes.add(session, actor, name, role, password), CONNECTION
    )
    said = f"{account.name} may log in as {account.role}."
    echo_done(shown(account), said, as_json=as_json)


@user.command(name="list")
@json_option
def list_(*, as_json: bool) -> None:
    """Show all accounts."""
    from web.accounts.account_store import list_accounts

    none = "There is no account. `findalike user add NAME --role admin` makes one."
    accounts = in_session(list_accounts, CONNECTION)
    echo_list("accounts", accounts, described, none=none, as_json=as_json, shown=shown)


@user.command()
@click.argument("name")
@password_option
@json_option
def password(*, name: str, password: str, as_json: bool) -> None:
    """Give NAME another password; unlocks the account and ends its sessions."""
    from web.accounts import account_changes

    account = change(
        lambda session, actor: account_changes.set_password(session, actor, name, password),
        CONNECTION,
    )
    echo_done(shown(account), f"{account.name} has another password.", as_json=as_json)


@user.command()
@click.argument("name")
@click.argument("role", type=click.Choice(ROLES))
@json_option
def role(*, name: str, role: str, as_json: bool) -> None:
    """Give NAME another ROLE."""
    from web.accounts import account_changes

    account = change(
        lambda session, actor: account_changes.set_role(session, actor, name, role), CONNECTION
    )
    echo_done(shown(account), f"{account.name} is {account.role} now.", as_json=as_json)


@user.command()
@click.argument("name")
@json_option
def remove(*, name: str, as_json: bool) -> None:
    """Delete the account NAME; its sessions end."""
    from web.accounts import account_changes

    change(lambda session, actor: account_changes.remove(session, actor, name), CONNECTION)
    echo_done({"removed": name}, f"{name} can't log in any more.", as_json=as_json)
