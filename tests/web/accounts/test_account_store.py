"""Accounts: passwords are hashed, wrong ones are counted, a locked account stays locked."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from search.database.models import Account
from search.errors import UnknownEntry, UnusableEntry
from web.accounts import account_store

PASSWORD = "correct horse battery"


def test_the_right_password_opens_the_account(session: Session) -> None:
    made = account_store.add_account(session, " Mia ", "merchandiser", PASSWORD)
    found = account_store.authenticate(session, "MIA", PASSWORD)
    assert found is not None
    assert (found.id, found.name, found.role) == (made.id, "mia", "merchandiser")
    assert found.last_login_at is not None


def test_only_an_argon2id_hash_is_kept(session: Session) -> None:
    account_store.add_account(session, "mia", "admin", PASSWORD)
    kept = session.scalar(select(Account.password_hash))
    assert kept is not None
    assert kept.startswith("$argon2id$")
    assert PASSWORD not in kept


@pytest.mark.parametrize(
    ("name", "role", "password"),
    [
        ("", "admin", PASSWORD),
        ("mia mia", "admin", PASSWORD),
        ("m" * 65, "admin", PASSWORD),
        ("mia", "king", PASSWORD),
        ("mia", "admin", "short"),
        ("mia", "admin", "x" * 1001),
    ],
)
def test_unusable_accounts_are_refused(
    session: Session, name: str, role: str, password: str
) -> None:
    with pytest.raises(UnusableEntry):
        account_store.add_account(session, name, role, password)


def test_a_name_is_given_once(session: Session) -> None:
    account_store.add_account(session, "mia", "admin", PASSWORD)
    with pytest.raises(UnusableEntry, match="already"):
        account_store.add_account(session, "Mia", "operator", PASSWORD)


def test_nobody_gets_in_with_a_wrong_name_or_password(session: Session) -> None:
    account_store.add_account(session, "mia", "admin", PASSWORD)
    assert account_store.authenticate(session, "tom", PASSWORD) is None
    assert account_store.authenticate(session, "mia", "wrong horse battery") is None


def test_repeated_failures_lock_the_account_for_a_while(session: Session) -> None:
    account_store.add_account(session, "mia", "admin", PASSWORD)
    for _ in range(account_store.MAX_FAILURES):
        assert account_store.authenticate(session, "mia", "wrong") is None
    assert account_store.authenticate(session, "mia", PASSWORD) is None
    assert account_store.list_accounts(session)[0].is_locked

    row = session.scalars(select(Account)).one()
    row.locked_until = datetime.now(UTC) - timedelta(seconds=1)
    assert account_store.authenticate(session, "mia", PASSWORD) is not None


def test_a_login_forgets_earlier_failures(session: Session) -> None:
    account_store.add_account(session, "mia", "admin", PASSWORD)
    for _ in range(3):
        for _ in range(account_store.MAX_FAILURES - 1):
            account_store.authenticate(session, "mia", "wrong")
        assert account_store.authenticate(session, "mia", PASSWORD) is not None


def test_another_password_unlocks_and_ends_sessions(session: Session) -> None:
    before = account_store.add_account(session, "mia", "admin", PASSWORD)
    for _ in range(account_store.MAX_FAILURES):
        account_store.authenticate(session, "mia", "wrong")
    after = account_store.set_password(session, "mia", "another horse battery")
    assert after.stamp != before.stamp
    assert account_store.authenticate(session, "mia", "another horse battery") is not None
    assert account_store.authenticate(session, "mia", PASSWORD) is None


def test_what_is_not_there_can_not_be_changed(session: Session) -> None:
    for change in (
        lambda: account_store.set_password(session, "tom", PASSWORD),
        lambda: account_store.set_role(session, "tom", "admin"),
        lambda: account_store.remove_account(session, "tom"),
    ):
        with pytest.raises(UnknownEntry, match="findalike user list"):
            change()


def test_an_admin_may_everything(session: Session) -> None:
    admin = account_store.add_account(session, "ada", "admin", PASSWORD)
    operator = account_store.add_account(session, "olga", "operator", PASSWORD)
    assert admin.may("merchandiser")
    assert admin.may("operator")
    assert operator.may("operator")
    assert not operator.may("merchandiser")
    assert not operator.may("admin")
