"""Sessions: who is logged in, and which pages they may open.

A session is a signed cookie (Flask, Flask-Login). It names the account and a stamp of its password.
So it ends when the password changes, or when the account is removed.
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
        """Return what the cookie holds."""
        return f"{self.account.id}:{self.account.stamp}"


class SessionCookies(SecureCookieSessionInterface):
    """Flask's session cookies; a cookie that was set over https is sent over https only."""

    def get_cookie_secure(self, app: Flask) -> bool:
        """Return whether the cookie is marked `Secure`: this request came over https."""
        return request.is_secure or super().get_cookie_secure(app)


def load_user(named: str) -> User | None:
    """Return the account of a session; None where the session has ended."""
    number, _, stamp = named.partition(":")
    if not number.isdecimal():
        return None
    with session_scope(state().engine.database) as session:
        account = find_account(session, int(number))
    return User(account) if account is not None and account.stamp == stamp else None


def current_account() -> AccountView | None:
    """Return the account that is logged in; None for a shopper."""
    user = cast(User | None, current_user if current_user.is_authenticated else None)
    return user.account if user is not None else None


def current_actor() -> str:
    """Return the name of who is logged in, for the audit trail; on protected pages only."""
    account = current_account()
    if account is None:
        abort(401)
    return account.name


def protect(blueprint: Blueprint, role: str) -> None:
    """Open a blueprint's pages to a role and to admins only.

    Whoever is not logged in is sent to the login page, and back afterwards. Other roles get 403.
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


def local_address(address: str | None) -> str | None:
    """Return an address to go to after login; None where it leads to another site."""
    if not address or not address.startswith("/") or address.startswith(("//", "/\\")):
        return None
    return address.rstrip("?")


def install(app: Flask) -> None:
    """Load the account of each request, and offer it to templates with its menu."""
    manager = LoginManager(app)
    manager.session_protection = None  # shoppers' and staff's networks change all day
    manager.user_loader(load_user)
    app.session_interface = SessionCookies()
    app.config["PERMANENT_SESSION_LIFETIME"] = SESSION_FOR
    app.context_processor(lambda: {"account": current_account(), "menu": menu})
