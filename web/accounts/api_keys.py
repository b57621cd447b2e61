"""API keys: who a program is, and what it may do.

The secret of a key is shown once, when the key is made. Only its sha256 is stored, which is safe
for 32 random bytes. A revoked key stays in the list, and its name stays taken, because the audit
trail names programs by it. This module knows no request.
"""

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from search.database.audit_trail import record_change
from search.database.models import SCOPES, ApiKey
from search.errors import UnknownEntry, UnusableEntry
from web.accounts.account_store import check_name

PREFIX = "fa_"
"""Marks a secret as ours, for people and for programs that look for leaked secrets."""
RANDOM_BYTES = 32
USE_RECORDED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class KeyView:
    """A key, without its secret."""

    id: int
    name: str
    scopes: tuple[str, ...]  # of search, merchandise and operate
    created_at: datetime
    last_used_at: datetime | None  # to the minute
    revoked_at: datetime | None

    @property
    def actor(self) -> str:
        """The name of the key in the audit trail."""
        return f"key:{self.name}"


def add_key(
    session: Session, name: str, scopes: Collection[str], *, actor: str
) -> tuple[KeyView, str]:
    """Make a key; return it, and its secret, which is shown once.

    Raises:
        UnusableEntry: the name is taken or not allowed, or a scope is missing or unknown.
    """
    name = check_name(name)
    wrong = sorted(set(scopes) - set(SCOPES))
    if wrong or not scopes:
        raise UnusableEntry(f"A key needs one or more of the scopes {', '.join(SCOPES)}.")
    if session.scalar(select(ApiKey.id).where(ApiKey.name == name)) is not None:
        raise UnusableEntry(
            f"There is a key {name} already, or was one; choose another name, since the audit "
            "trail tells keys apart by it."
        )
    secret = PREFIX + secrets.token_urlsafe(RANDOM_BYTES)
    kept = [scope for scope in SCOPES if scope in scopes]
    row = ApiKey(name=name, digest=digest_of(secret), scopes=kept)
    session.add(row)
    session.flush()
    session.refresh(row)
    record_change(session, actor, "key.add", name, {"after": {"scopes": kept}})
    return _view(row), secret


def list_keys(session: Session) -> list[KeyView]:
    """Return all keys by name, revoked keys too."""
    return [_view(row) for row in session.scalars(select(ApiKey).order_by(ApiKey.name))]


def revoke_key(session: Session, name: str, *, actor: str) -> KeyView:
    """End a key for good.

    Raises:
        UnknownEntry: there is none of this name.
        UnusableEntry: it is revoked already.
    """
    wanted = select(ApiKey).where(ApiKey.name == name.strip().lower()).with_for_update()
    row = session.scalars(wanted).one_or_none()
    if row is None:
        raise UnknownEntry("key", name, "`findalike key list` shows all.")
    if row.revoked_at is not None:
        raise UnusableEntry(f"The key {row.name} is revoked already.")
    row.revoked_at = datetime.now(UTC)
    session.flush()
    record_change(session, actor, "key.revoke", row.name, {"before": {"scopes": row.scopes}})
    return _view(row)


def digest_of(secret: str) -> str:
    """Return what is stored of a secret: its sha256, in hex."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def find_key(session: Session, digest: str) -> KeyView | None:
    """Return the key of a digest, and record its use; None where it is unknown or revoked.

    The use is written once a minute at most, so that a busy program causes few writes.
    """
    row = session.scalars(select(ApiKey).where(ApiKey.digest == digest)).one_or_none()
    if row is None or row.revoked_at is not None:
        return None
    now = datetime.now(UTC)
    if row.last_used_at is None or row.last_used_at < now - USE_RECORDED_EVERY:
        session.execute(update(ApiKey).where(ApiKey.id == row.id).values(last_used_at=now))
    return _view(row)


def _view(row: ApiKey) -> KeyView:
    return KeyView(
        id=row.id,
        name=row.name,
        scopes=tuple(row.scopes),
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )
