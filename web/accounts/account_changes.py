"""Changes of accounts, each with its audit entry, for commands and pages alike."""

from sqlalchemy.orm import Session

from search.database.audit_trail import record_change
from web.accounts import account_store
from web.accounts.account_store import AccountView


def add(session: Session, actor: str, name: str, role: str, password: str) -> AccountView:
    """Make an account; see `account_store.add_account`."""
    made = account_store.add_account(session, name, role, password)
    record_change(session, actor, "account.add", made.name, {"after": {"role": role}})
    return made


def set_password(session: Session, actor: str, name: str, password: str) -> AccountView:
    """Give an account another password; see `account_store.set_password`."""
    changed = account_store.set_password(session, name, password)
    record_change(session, actor, "account.password", changed.name)
    return changed


def set_role(session: Session, actor: str, name: str, role: str) -> AccountView:
    """Give an account another role; see `account_store.set_role`. The same role is no change."""
    before = account_store.account_named(session, name).role
    changed = account_store.set_role(session, name, role)
    if before != role:
        details = {"before": {"role": before}, "after": {"role": role}}
        record_change(session, actor, "account.role", changed.name, details)
    return changed


def unlock(session: Session, actor: str, name: str) -> AccountView:
    """Let a locked account log in again; see `account_store.unlock`."""
    changed = account_store.unlock(session, name)
    record_change(session, actor, "account.unlock", changed.name)
    return changed


def remove(session: Session, actor: str, name: str) -> None:
    """Delete an account; see `account_store.remove_account`."""
    gone = account_store.account_named(session, name)
    account_store.remove_account(session, name)
    record_change(session, actor, "account.remove", gone.name, {"before": {"role": gone.role}})
