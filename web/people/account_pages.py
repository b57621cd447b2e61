"""Accounts on a page: who may log in, and as what."""

import secrets

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from search.database.connection import session_scope
from search.database.models import ROLES
from search.errors import FindalikeError, UnknownEntry, UnusableEntry
from web.accounts import account_changes
from web.accounts.account_store import AccountView, list_accounts
from web.errors import answer_to
from web.login.login import current_actor
from web.people.blueprint import blueprint
from web.state import state

PASSWORD_BYTES = 15
ROLE_WORDS = {
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
    """Make an account with a password that is shown this once."""
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    name, role = request.form.get("name", ""), request.form.get("role", "")
    try:
        with session_scope(state().engine.database) as session:
            made = account_changes.add(session, current_actor(), name, role, password)
    except UnusableEntry as error:
        return _page(problem=error, name=name, role=role)
    return _page(told=made, password=password)


@blueprint.post("/<name>/password")
def new_password(name: str) -> ResponseReturnValue:
    """Give an account a new password that is shown this once; unlocks it, ends its sessions."""
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    try:
        with session_scope(state().engine.database) as session:
            changed = account_changes.set_password(session, current_actor(), name, password)
    except UnknownEntry as error:
        return _page(problem=error)
    return _page(told=changed, password=password)


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
    """Say what was done, on a page that can be loaded again.

    Args:
        message: What.
        lost: The account that is no admin any more; whose own it was can't come back here.
    """
    flash(message)
    own = bool(lost) and lost == current_actor()
    return redirect(url_for("accounts.login" if own else "people.accounts"), 303)


def _page(
    *,
    problem: FindalikeError | None = None,
    told: AccountView | None = None,
    password: str = "",
    name: str = "",
    role: str = ROLES[0],
) -> ResponseReturnValue:
    """Render the list.

    Args:
        problem: Why something was not done.
        told: Whose new password is shown.
        password: It.
        name: What was typed into the form.
        role: What was chosen there.
    """
    with session_scope(state().engine.database) as session:
        known = list_accounts(session)
    page = render_template(
        "people/accounts.html",
        accounts=known,
        roles=ROLE_WORDS,
        problem=problem,
        told=told,
        password=password,
        name=name,
        role=role,
    )
    return page, 200 if problem is None else answer_to(problem).status
