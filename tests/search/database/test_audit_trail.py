"""The audit trail: an entry is committed with its change, and can be found again."""

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from search.database.audit_trail import cli_actor, read_trail, record_change
from search.database.connection import session_scope


def test_entries_come_newest_first_and_by_page(session: Session) -> None:
    for number in range(5):
        record_change(session, "mia", "rule.add", number, {"weight": number / 10})

    entries, total = read_trail(session, limit=2, offset=1)

    assert total == 5
    assert [(entry.subject, entry.details) for entry in entries] == [
        ("3", {"weight": 0.3}),
        ("2", {"weight": 0.2}),
    ]


def test_entries_are_found_by_who_what_and_which(session: Session) -> None:
    record_change(session, "mia", "rule.add", 1)
    record_change(session, "mia", "ruler.add", 1)
    record_change(session, "tom", "rule.remove", 1)
    record_change(session, "tom", "attribute.set", "SKU-1")

    def found(**wanted: str) -> list[tuple[str, str]]:
        return [(entry.actor, entry.action) for entry in read_trail(session, **wanted)[0]]

    assert found(actor="mia") == [("mia", "ruler.add"), ("mia", "rule.add")]
    assert found(action="rule") == [("tom", "rule.remove"), ("mia", "rule.add")]
    assert found(action="rule.add") == [("mia", "rule.add")]
    assert found(subject="SKU-1") == [("tom", "attribute.set")]
    assert found(actor="nobody") == []


def test_a_change_that_is_undone_leaves_no_entry(database: Engine) -> None:
    def change_halfway() -> None:
        with session_scope(database) as session:
            record_change(session, "mia", "rule.add", 1)
            raise RuntimeError("halfway")

    with pytest.raises(RuntimeError, match="halfway"):
        change_halfway()
    with session_scope(database) as session:
        assert read_trail(session) == ([], 0)


def test_a_command_is_named_by_the_systems_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "olga")
    assert cli_actor() == "cli:olga"
