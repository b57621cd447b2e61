"""Who is logged in, and which pages that opens.

Sessions are Flask's signed cookies through Flask-Login. A session names the account and a stamp of
its password: another password, or no account any more, ends it.
"""

from datetime import timedelta
from typing import cast

from flask import Blueprint, Flask, Response, abort, redirect, request, url_for
from flask.sessions import SecureCookieSessionInterface
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, UserMixin, current_user

from search.database.connection import session_scope
from web.accounts.account_store import AccountView, find_account
from web.login.menu import menu
from web.state import state

SESSION_FOR = timedelta(hours=12)


class User(UserMixin):  # type: ignore[misc]  # Flask-Login has no types
    """The account behind a session."""

    def __init__(self, account: AccountView) -> None:
        self.account = account

    def get_id(self) -> str:
        """Return what the cookie names."""
        return f"{self.account.id}:{self.account.stamp}"


class SessionCookies(SecureCookieSessionInterface):
    """Flask's cookies; over https they never travel without it."""

    def get_cookie_secure(self, app: Flask) -> bool:
        """Say whether the cookie is marked `Secure`: where this request came by https."""
        return request.is_secure or super().get_cookie_secure(app)


def load_user(named: str) -> User | None:
    """Return the account of a session, None where the session is over."""
    number, _, stamp = named.partition(":")
    if not number.isdecimal():
        return None
    with session_scope(state().engine.database) as session:
        account = find_account(session, int(number))
    return User(account) if account is not None and account.stamp == stamp else None


def current_account() -> AccountView | None:
    """Return who is logged in, None for a shopper."""
    user = cast(User | None, current_user if current_user.is_authenticated else None)
    return user.account if user is not None else None


def current_actor() -> str:
    """Return how the audit trail names who is logged in; protected pages only."""
    account = current_account()
    if account is None:
        abort(401)
    return account.name


def protect(blueprint: Blueprint, role: str) -> None:
    """Open a blueprint's pages to a role, and to admins, alone.

    Who is not logged in is sent to the login page and back; who may not is told so.
    """

    @blueprint.before_request
    def check_role() -> ResponseReturnValue | None:
        account = current_account()
        if account is None:
            asked = request.full_path if request.method == "GET" else None
            return redirect(url_for("accounts.login", next=asked), 303)
        if not account.may(role):
            abort(403, f"This page is for the role {role}; yours is {account.role}.")
        return None

    @blueprint.after_request
    def keep_private(response: Response) -> Response:
        response.headers["Cache-Control"] = "private, no-store"
        return response


def own_address(address: str | None) -> str | None:
    """Return a page of this site to go to after login, None where the address leads elsewhere."""
    if not address or not address.startswith("/") or address.startswith(("//", "/\\")):
        return None
    return address.rstrip("?")


def install(app: Flask) -> None:
    """Let the application know who is logged in."""
    manager = LoginManager(app)
    manager.session_protection = None  # shoppers' and staff's networks change all day
    manager.user_loader(load_user)
    app.session_interface = SessionCookies()
    app.config["PERMANENT_SESSION_LIFETIME"] = SESSION_FOR
    app.context_processor(lambda: {"account": current_account(), "menu": menu})
