"""The page of accounts: who may log in, and with which role."""

import secrets

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from search.database.connection import session_scope
from search.database.models import ROLES
from search.errors import FindalikeError, UnknownEntry, UnusableEntry
from web.accounts import account_changes
from web.accounts.account_store import AccountView, list_accounts
from web.errors import answer_to
from web.login.sessions import current_actor
from web.people.blueprint import blueprint
from web.state import state

PASSWORD_BYTES = 15
ROLE_DESCRIPTIONS = {
    "merchandiser": "searches, rules and the catalogue's health in the studio",
    "operator": "jobs, generations and the machine's health",
    "admin": "everything, and these pages",
}


@blueprint.get("")
def accounts() -> ResponseReturnValue:
    """Show all accounts."""
    return _page()


@blueprint.post("")
def add_account() -> ResponseReturnValue:
    """Make an account, with a password that is shown once."""
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    name, role = request.form.get("name", ""), request.form.get("role", "")
    try:
        with session_scope(state().engine.database) as session:
            made = account_changes.add(session, current_actor(), name, role, password)
    except UnusableEntry as error:
        return _page(problem=error, name=name, role=role)
    return _page(changed=made, password=password)


@blueprint.post("/<name>/password")
def new_password(name: str) -> ResponseReturnValue:
    """Give an account a new password, shown once; this unlocks it and ends its sessions."""
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    try:
        with session_scope(state().engine.database) as session:
            changed = account_changes.set_password(session, current_actor(), name, password)
    except UnknownEntry as error:
        return _page(problem=error)
    return _page(changed=changed, password=password)


@blueprint.post("/<name>/role")
def set_role(name: str) -> ResponseReturnValue:
    """Give an account another role."""
    try:
        with session_scope(state().engine.database) as session:
            role = request.form.get("role", "")
            changed = account_changes.set_role(session, current_actor(), name, role)
    except (UnknownEntry, UnusableEntry) as error:
        return _page(problem=error)
    lost = changed.name if changed.role != "admin" else ""
    return _done(f"{changed.name} is {changed.role} now.", lost=lost)


@blueprint.post("/<name>/unlock")
def unlock(name: str) -> ResponseReturnValue:
    """Let a locked account log in again."""
    try:
        with session_scope(state().engine.database) as session:
            changed = account_changes.unlock(session, current_actor(), name)
    except UnknownEntry as error:
        return _page(problem=error)
    return _done(f"{changed.name} may log in again.")


@blueprint.post("/<name>/remove")
def remove_account(name: str) -> ResponseReturnValue:
    """Delete an account; its sessions end."""
    try:
        with session_scope(state().engine.database) as session:
            account_changes.remove(session, current_actor(), name)
    except (UnknownEntry, UnusableEntry) as error:
        return _page(problem=error)
    return _done(f"{name} can't log in any more.", lost=name)


def _done(message: str, *, lost: str = "") -> ResponseReturnValue:
    """Redirect to a page that says what was done.

    Args:
        message: What was done.
        lost: An account that is no longer an admin. Its owner is sent to the login page.
    """
    flash(message)
    own = bool(lost) and lost == current_actor()
    return redirect(url_for("accounts.login" if own else "people.accounts"), 303)


def _page(
    *,
    problem: FindalikeError | None = None,
    changed: AccountView | None = None,
    password: str = "",
    name: str = "",
    role: str = ROLES[0],
) -> ResponseReturnValue:
    """Render the list.

    Args:
        problem: Why something was not done.
        changed: The account whose new password is shown.
        password: The new password.
        name: The name that was typed into the form.
        role: The role that was chosen there.
    """
    with session_scope(state().engine.database) as session:
        known = list_accounts(session)
    page = render_template(
        "people/accounts.html",
        accounts=known,
        roles=ROLE_DESCRIPTIONS,
        problem=problem,
        changed=changed,
        password=password,
        name=name,
        role=role,
    )
    return page, 200 if problem is None else answer_to(problem).status
