"""The `findalike` command: gathers the subcommands that installed packages register.

Each package names its commands under the entry point group `findalike.commands`, so this
module imports none of them until one is asked for. Exit code 0 done, 1 failed, 2 asked wrongly.
"""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, TypeVar

import click

from search.errors import FindalikeError
from search.settings import load_settings
from search.telemetry.log_lines import configure_logging
from search.telemetry.tracing import configure_tracing

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

Command = TypeVar("Command", bound=Callable[..., Any])
Entry = TypeVar("Entry")
Result = TypeVar("Result")


def json_option(command: Command) -> Command:
    """Give a command the option `--json`, passed as `as_json`."""
    option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
    return option(command)


def echo_json(value: object) -> None:
    """Print one JSON object on standard output."""
    click.echo(json.dumps(value, ensure_ascii=False, default=str, indent=2))


def in_session(work: "Callable[[Session], Result]", application_name: str) -> "Result":
    """Run work in one transaction on the operator's database.

    Args:
        work: What to do.
        application_name: What the database calls the connection.

    Raises:
        DatabaseUnavailable: PostgreSQL does not answer.
    """
    from search.database.connection import open_database, session_scope

    database = open_database(load_settings(), application_name=application_name)
    try:
        with session_scope(database) as session:
            return work(session)
    finally:
        database.dispose()


def change(work: "Callable[[Session, str], Result]", application_name: str) -> "Result":
    """Run a change that goes into the audit trail; arguments and errors as in `in_session`.

    Args:
        work: Gets the transaction, and who runs the command as the audit trail names them.
        application_name: What the database calls the connection.
    """
    from search.database.audit_trail import cli_actor

    return in_session(lambda session: work(session, cli_actor()), application_name)


def echo_done(value: object, sentence: str, *, as_json: bool) -> None:
    """Print what was done: a value as JSON, or a sentence."""
    if as_json:
        echo_json(value)
    else:
        click.echo(sentence)


def echo_list(
    name: str,
    entries: Sequence[Entry],
    line: Callable[[Entry], str],
    *,
    none: str,
    as_json: bool,
    shown: Callable[[Any], object] = asdict,
) -> None:
    """Print a list.

    Args:
        name: Of the list, in JSON.
        entries: What is listed.
        line: Returns how one is printed.
        none: What is printed where there are none.
        as_json: Print one JSON object.
        shown: Returns what JSON holds of one.
    """
    lines = [line(entry) for entry in entries] or [none]
    echo_done({name: [shown(entry) for entry in entries]}, "\n".join(lines), as_json=as_json)


class RegisteredCommands(click.Group):
    """A group whose commands are the entry points `findalike.commands`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all registered commands, without importing them."""
        return sorted(entry.name for entry in entry_points(group="findalike.commands"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        found = entry_points(group="findalike.commands", name=cmd_name)
        command = next((entry.load() for entry in found), None)
        return command if isinstance(command, click.Command) else None


@click.group(cls=RegisteredCommands)
@click.version_option(package_name="findalike")
def commands() -> None:
    """Find products by photo, by text, or by both."""
    configure_logging()
    configure_tracing(load_settings(), "findalike")


def main() -> None:
    """Run the command line; a known error is one clear sentence and exit code 1."""
    try:
        commands(standalone_mode=True)
    except (FindalikeError, OSError) as error:  # OSError: a full disk, a folder not writable
        if "--json" in sys.argv:
            echo_json({"error": type(error).__name__, "message": str(error)})
        else:
            click.echo(f"Error: {error}", err=True)
        sys.exit(1)
