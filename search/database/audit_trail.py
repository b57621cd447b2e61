"""The audit trail: who changed what, and when. Entries are added in the change's own transaction.

Refuses to change or remove entries; and keeps no password, no key and no picture.
"""

import getpass
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from search.database.models import AuditEntry
from search.database.newest_rows import newest_rows


@dataclass(frozen=True, slots=True)
class AuditView:
    """One change."""

    id: int
    actor: str  # an account's name, `key:NAME`, or `cli:USER` of the system
    action: str  # such as `rule.add`
    subject: str  # what it was done to: a sku, a rule's number, …
    details: dict[str, Any]
    created_at: datetime


def record_change(
    session: Session,
    actor: str,
    action: str,
    subject: object,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Add an entry to the trail; it is kept if and only if the change is.

    Args:
        session: The transaction of the change.
        actor: Who; see `AuditView`.
        action: What kind of thing, a dot, what was done to it.
        subject: Which one.
        details: What it was and what it is, as JSON can hold it.
    """
    entry = AuditEntry(
        actor=actor, action=action, subject=str(subject), details=dict(details or {})
    )
    session.add(entry)
    session.flush()


def read_trail(
    session: Session,
    *,
    actor: str = "",
    action: str = "",
    subject: str = "",
    limit: int = 50,
    offset: int = 0,
) -> tuple[list[AuditView], int]:
    """Return entries, newest first, and how many there are in all.

    Args:
        session: Open session.
        actor: Only of this one; empty: of all.
        action: Only this action, or all of one kind (`rule`).
        subject: Only what was done to this.
        limit: At most so many.
        offset: After so many.
    """
    wanted: list[ColumnElement[bool]] = []
    if actor:
        wanted.append(AuditEntry.actor == actor)
    if action:
        wanted.append((AuditEntry.action == action) | AuditEntry.action.startswith(f"{action}."))
    if subject:
        wanted.append(AuditEntry.subject == subject)
    rows, total = newest_rows(session, AuditEntry, *wanted, limit=limit, offset=offset)
    return [_view(row) for row in rows], total


def first_entries(session: Session, action: str, subjects: Sequence[str]) -> dict[str, AuditView]:
    """Return by subject the first entry of an action; subjects without one are left out."""
    wanted = select(AuditEntry).where(AuditEntry.action == action, AuditEntry.subject.in_(subjects))
    newest_first = session.scalars(wanted.order_by(AuditEntry.id.desc()))
    return {row.subject: _view(row) for row in newest_first}


def _view(row: AuditEntry) -> AuditView:
    return AuditView(row.id, row.actor, row.action, row.subject, row.details, row.created_at)


def trail_names(session: Session) -> tuple[list[str], list[str]]:
    """Return who is in the trail, and which actions, in order."""
    actors = session.scalars(select(AuditEntry.actor).distinct().order_by(AuditEntry.actor))
    actions = session.scalars(select(AuditEntry.action).distinct().order_by(AuditEntry.action))
    return list(actors), list(actions)


def cli_actor() -> str:
    """Return how the trail names whoever runs a command."""
    try:
        return f"cli:{getpass.getuser()}"
    except (OSError, KeyError):  # a container's user without a name
        return "cli:unknown"
