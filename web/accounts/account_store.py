"""Accounts: who may log in, with which role, and whether a password is right.

Passwords are stored as argon2id hashes (RFC 9106) with the library's costs. After repeated failures
an account is locked for a while, whoever tries. This module knows no request and no cookie.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from search.database.models import ROLES, Account
from search.errors import UnknownEntry, UnusableEntry

MAX_FAILURES = 5
LOCKED_FOR = timedelta(minutes=15)
SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 1000
"""A bound, since hashing a longer password takes longer."""
NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}")


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account, without its password."""

    id: int
    name: str
    role: str  # merchandiser, operator or admin
    locked_until: datetime | None
    created_at: datetime
    last_login_at: datetime | None
    stamp: str  # changes with the password, which ends old sessions

    def may(self, role: str) -> bool:
        """Return whether it has the rights of a role; an admin has all."""
        return self.role in (role, "admin")

    @property
    def is_locked(self) -> bool:
        """Whether it is locked now."""
        return self.locked_until is not None and self.locked_until > datetime.now(UTC)


@lru_cache(maxsize=1)
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    """Return a hash to check where there is no account, so that both cases take as long."""
    return _hasher().hash("nobody's password")


def check_name(name: str) -> str:
    """Return a name as it is stored: lower case, without spaces around it.

    Raises:
        UnusableEntry: it is too long, or has other characters than `NAME` allows.
    """
    name = name.strip().lower()
    if not NAME.fullmatch(name):
        raise UnusableEntry(
            f"{name!r} is no usable name: take up to 64 letters a-z, digits and . _ @ + -, a "
            "letter or digit first."
        )
    return name


def add_account(session: Session, name: str, role: str, password: str) -> AccountView:
    """Make an account.

    Raises:
        UnusableEntry: the name is taken or not allowed, there is no such role, or the password is
            too short.
    """
    name = check_name(name)
    if role not in ROLES:
        raise UnusableEntry(f"{role!r} is no role: use one of {', '.join(ROLES)}.")
    _check_password(password)
    if session.scalar(select(Account.id).where(Account.name == name)) is not None:
        raise UnusableEntry(f"There is an account {name} already; choose another name.")
    row = Account(name=name, role=role, password_hash=_hasher().hash(password))
    session.add(row)
    session.flush()
    session.refresh(row)
    return _view(row)


def list_accounts(session: Session) -> list[AccountView]:
    """Return all accounts by name."""
    return [_view(row) for row in session.scalars(select(Account).order_by(Account.name))]


def find_account(session: Session, account_id: int) -> AccountView | None:
    """Return one account; None where it does not exist."""
    row = session.get(Account, account_id)
    return None if row is None else _view(row)


def account_named(session: Session, name: str) -> AccountView:
    """Return the account of a name.

    Raises:
        UnknownEntry: there is none of this name.
    """
    return _view(_named(session, name))


def set_password(session: Session, name: str, password: str) -> AccountView:
    """Give an account another password, which unlocks it and ends its sessions.

    Raises:
        UnknownEntry: there is none of this name.
        UnusableEntry: the password is too short.
    """
    row = _named(session, name)
    _check_password(password)
    row.password_hash, row.failures, row.locked_until = _hasher().hash(password), 0, None
    session.flush()
    return _view(row)


def unlock(session: Session, name: str) -> AccountView:
    """Let an account log in again that was locked after wrong passwords.

    Raises:
        UnknownEntry: there is none of this name.
    """
    row = _named(session, name)
    row.failures, row.locked_until = 0, None
    session.flush()
    return _view(row)


def set_role(session: Session, name: str, role: str) -> AccountView:
    """Give an account another role.

    Raises:
        UnknownEntry: there is none of this name.
        UnusableEntry: there is no such role, or this is the last admin.
    """
    if role not in ROLES:
        raise UnusableEntry(f"{role!r} is no role: use one of {', '.join(ROLES)}.")
    row = _named(session, name)
    if role != "admin":
        _keep_an_admin(session, row)
    row.role = role
    session.flush()
    return _view(row)


def remove_account(session: Session, name: str) -> None:
    """Delete an account; its sessions end.

    Raises:
        UnknownEntry: there is none of this name.
        UnusableEntry: this is the last admin.
    """
    row = _named(session, name)
    _keep_an_admin(session, row)
    session.delete(row)
    session.flush()


def authenticate(session: Session, name: str, password: str) -> AccountView | None:
    """Return the account if name and password are right and it is not locked.

    The caller commits in either case, since failures are counted. A locked account is refused
    whatever the password. The answer takes as long as any other, so that it gives nothing away.
    """
    wanted = select(Account).where(Account.name == name.strip().lower()).with_for_update()
    row = session.scalars(wanted).one_or_none()
    right = _verify(row.password_hash if row is not None else _nobodys_hash(), password)
    if row is None:
        return None
    now = datetime.now(UTC)
    if row.locked_until is not None and row.locked_until > now:
        return None
    if not right:
        row.failures += 1
        if row.failures >= MAX_FAILURES:
            row.failures, row.locked_until = 0, now + LOCKED_FOR
        session.flush()
        return None
    if _hasher().check_needs_rehash(row.password_hash):
        row.password_hash = _hasher().hash(password)
    row.failures, row.locked_until, row.last_login_at = 0, None, now
    session.flush()
    return _view(row)


def _verify(password_hash: str, password: str) -> bool:
    try:
        return _hasher().verify(password_hash, password[:LONGEST_PASSWORD])
    except (VerificationError, InvalidHashError):
        return False


def _check_password(password: str) -> None:
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise UnusableEntry(
            f"A password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters; "
            "a few words are easy to remember."
        )


def _named(session: Session, name: str) -> Account:
    row = session.scalars(select(Account).where(Account.name == name.strip().lower())).one_or_none()
    if row is None:
        raise UnknownEntry("account", name, "`findalike user list` shows all.")
    return row


def _keep_an_admin(session: Session, row: Account) -> None:
    """Refuse to take away the last admin: without one, no page can make another.

    Locks the rows of all admins. Two who remove each other at once can't both succeed.
    """
    admins = select(Account.id).where(Account.role == "admin").order_by(Account.id)
    if session.scalars(admins.with_for_update()).all() == [row.id]:
        raise UnusableEntry(f"{row.name} is the last admin; make another account admin first.")


def _view(row: Account) -> AccountView:
    return AccountView(
        id=row.id,
        name=row.name,
        role=row.role,
        locked_until=row.locked_until,
        created_at=row.created_at,
        last_login_at=row.last_login_at,
        stamp=row.password_hash[-16:],
    )
