"""`findalike key`: keys are shown once, listed without secrets, revoked for good, and audited."""

import json

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, select

from search.database.audit_trail import read_trail
from search.database.connection import session_scope
from search.database.models import ApiKey
from search.errors import UnknownEntry, UnusableEntry
from search.settings import Settings
from web.accounts.api_keys import digest_of
from web.commands.key import key

pytestmark = pytest.mark.usefixtures("settings")


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(key, arguments)


def test_a_key_is_printed_once_and_alone(database: Engine) -> None:
    """The key goes to standard output, so that a script can read it."""
    told = invoke("add", "Feed", "--scope", "merchandise", "--scope", "search")

    secret = told.stdout.strip()
    assert told.exit_code == 0
    assert secret.startswith("fa_")
    assert len(secret) == 3 + 43  # 32 bytes, six bits per letter
    assert "not shown again" in told.stderr
    with session_scope(database) as session:
        row = session.scalars(select(ApiKey)).one()
        assert (row.name, row.scopes) == ("feed", ["search", "merchandise"])
        assert row.digest == digest_of(secret)
        entries, _ = read_trail(session)
    assert [(entry.action, entry.subject) for entry in entries] == [("key.add", "feed")]
    assert entries[0].actor.startswith("cli:")
    listed = invoke("list").stdout
    assert listed == "feed: search, merchandise, unused\n"


def test_json_has_the_key_too(settings: Settings) -> None:
    made = json.loads(invoke("add", "feed", "--scope", "operate", "--json").stdout)

    assert made["key"].startswith("fa_")
    assert made["scopes"] == ["operate"]
    listed = json.loads(invoke("list", "--json").stdout)["keys"]
    assert [one["name"] for one in listed] == ["feed"]
    assert "key" not in listed[0]


def test_revoking_is_for_good(database: Engine) -> None:
    assert "There is no key" in invoke("list").stdout
    invoke("add", "feed", "--scope", "operate")

    assert "opens nothing" in invoke("revoke", "feed").stdout
    assert "revoked" in invoke("list").stdout
    assert isinstance(invoke("revoke", "feed").exception, UnusableEntry)
    again = invoke("add", "feed", "--scope", "operate").exception
    assert isinstance(again, UnusableEntry)
    assert "another name" in str(again)
    with session_scope(database) as session:
        entries, total = read_trail(session, action="key.revoke")
    assert (total, entries[0].details) == (1, {"before": {"scopes": ["operate"]}})


def test_what_cannot_be_a_key() -> None:
    assert isinstance(invoke("revoke", "nobody").exception, UnknownEntry)
    assert isinstance(invoke("add", "a key", "--scope", "search").exception, UnusableEntry)
    assert invoke("add", "feed").exit_code == 2
    assert invoke("add", "feed", "--scope", "everything").exit_code == 2
