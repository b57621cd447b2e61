"""`findalike user`: accounts on the command line, with each change in the audit trail."""

import json

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, func, select

from search.database.audit_trail import read_trail
from search.database.connection import session_scope
from search.database.models import Account
from search.errors import UnknownEntry, UnusableEntry
from web.accounts.account_store import LOCKED_FOR, MAX_FAILURES, authenticate
from web.commands.user import user

PASSWORD = "correct horse battery"

pytestmark = pytest.mark.usefixtures("settings")


def invoke(*arguments: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(user, arguments, input=typed)


def add(name: str, role: str) -> Result:
    return invoke("add", name, "--role", role, "--password", PASSWORD)


def trail(database: Engine) -> list[tuple[str, str, dict[str, object]]]:
    """Return action, subject and details of all entries, oldest first."""
    with session_scope(database) as session:
        entries, _ = read_trail(session)
    assert all(entry.actor.startswith("cli:") for entry in entries)
    return [(entry.action, entry.subject, entry.details) for entry in reversed(entries)]


def test_a_password_is_asked_for_twice_and_never_shown(database: Engine) -> None:
    told = invoke("add", "Mia", "--role", "merchandiser", typed=f"{PASSWORD}\n{PASSWORD}\n")

    assert told.exit_code == 0
    assert "mia may log in as merchandiser" in told.output
    assert PASSWORD not in told.output
    with session_scope(database) as session:
        found = authenticate(session, "mia", PASSWORD)
    assert found is not None
    assert trail(database) == [("account.add", "mia", {"after": {"role": "merchandiser"}})]


def test_two_different_passwords_make_no_account(database: Engine) -> None:
    invoke("add", "mia", "--role", "operator", typed=f"{PASSWORD}\nanother battery\n")

    with session_scope(database) as session:
        assert session.scalar(select(func.count()).select_from(Account)) == 0
    assert trail(database) == []


def test_the_list_says_who_is_locked(database: Engine) -> None:
    assert "no account" in invoke("list").stdout
    add("mia", "merchandiser")
    with session_scope(database) as session:
        for _ in range(MAX_FAILURES):
            authenticate(session, "mia", "wrong")

    assert invoke("list").stdout == "mia: merchandiser, never here, locked\n"
    account = json.loads(invoke("list", "--json").stdout)["accounts"][0]
    assert (account["name"], account["role"]) == ("mia", "merchandiser")
    assert not {"password_hash", "stamp"} & account.keys()
    assert LOCKED_FOR.seconds > 0


def test_another_password_unlocks(database: Engine) -> None:
    add("mia", "merchandiser")
    with session_scope(database) as session:
        for _ in range(MAX_FAILURES):
            authenticate(session, "mia", "wrong")

    told = invoke("password", "MIA", typed="another horse battery\nanother horse battery\n")

    assert told.exit_code == 0
    with session_scope(database) as session:
        assert authenticate(session, "mia", "another horse battery") is not None
    assert trail(database)[-1] == ("account.password", "mia", {})


def test_roles_change_and_say_what_they_were(database: Engine) -> None:
    add("mia", "merchandiser")

    assert "mia is operator now" in invoke("role", "mia", "operator").stdout
    invoke("role", "mia", "operator")  # no change, no entry

    assert trail(database)[1:] == [
        ("account.role", "mia", {"before": {"role": "merchandiser"}, "after": {"role": "operator"}})
    ]


@pytest.mark.parametrize("change", [("remove", "ada"), ("role", "ada", "operator")])
def test_the_last_admin_stays(database: Engine, change: tuple[str, ...]) -> None:
    add("ada", "admin")
    add("otto", "operator")

    refused = invoke(*change).exception
    assert isinstance(refused, UnusableEntry)
    assert "last admin" in str(refused)
    assert invoke("role", "ada", "admin").exit_code == 0, "what keeps an admin is no loss"
    assert len(trail(database)) == 2

    add("eve", "admin")
    assert invoke(*change).exit_code == 0


def test_removing(database: Engine) -> None:
    add("ada", "admin")
    add("otto", "operator")

    assert "can't log in" in invoke("remove", "otto").stdout
    assert isinstance(invoke("remove", "otto").exception, UnknownEntry)
    assert trail(database)[-1] == ("account.remove", "otto", {"before": {"role": "operator"}})
