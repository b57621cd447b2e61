"""The pages to log in, to log out, and to change the password."""

from datetime import UTC, datetime

import structlog
from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import login_user, logout_user
from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length

from search.database.audit_trail import record_change
from search.database.connection import session_scope
from search.errors import UnusableEntry
from web.accounts.account_store import (
    LOCKED_FOR,
    LONGEST_PASSWORD,
    AccountView,
    authenticate,
    set_password,
)
from web.login.sessions import User, current_account, local_address
from web.state import state

blueprint = Blueprint("accounts", __name__)
log = structlog.get_logger()

REFUSED = (
    "Name or password is wrong. After five wrong passwords an account is locked for "
    f"{LOCKED_FOR.seconds // 60} minutes."
)


class LoginForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """Name and password."""

    name = StringField("Name", [InputRequired("Give your name."), Length(max=64)])
    password = PasswordField("Password", [InputRequired("Give your password.")])


class PasswordForm(FlaskForm):  # type: ignore[misc]
    """The present password and a new one."""

    present = PasswordField("Present password", [InputRequired("Give your present password.")])
    chosen = PasswordField(
        "New password",
        [
            InputRequired("Give a new password."),
            Length(min=12, max=LONGEST_PASSWORD, message="Use 12 characters or more."),
        ],
    )


@blueprint.route("/login", methods=["GET", "POST"])
def login() -> ResponseReturnValue:
    """Ask for name and password, then go to the page that was asked for."""
    account = current_account()
    if account is not None:
        return redirect(local_address(request.args.get("next")) or home_of(account), 303)
    form = LoginForm()
    if not form.validate_on_submit():
        return render_template("accounts/login.html", form=form), 422 if form.errors else 200
    database = state().engine.database
    with session_scope(database) as work:
        found = authenticate(work, form.name.data, form.password.data)
    if found is None:
        log.warning("login_refused", name=form.name.data[:64], address=request.remote_addr)
        return render_template("accounts/login.html", form=form, refused=REFUSED), 403
    session.clear()  # nothing from before the login stays
    login_user(User(found))
    session.permanent = True
    session["since"] = datetime.now(UTC).isoformat(timespec="seconds")
    log.info("login", name=found.name)
    return redirect(local_address(request.args.get("next")) or home_of(found), 303)


@blueprint.post("/logout")
def logout() -> ResponseReturnValue:
    """End the session."""
    logout_user()
    session.clear()
    return redirect(url_for("accounts.login"), 303)


@blueprint.route("/password", methods=["GET", "POST"])
def password() -> ResponseReturnValue:
    """Change the password of who is logged in; other sessions of the account end."""
    account = current_account()
    if account is None:
        return redirect(url_for("accounts.login", next=request.path), 303)
    form = PasswordForm()
    if not form.validate_on_submit():
        return render_template("accounts/password.html", form=form), 422 if form.errors else 200
    with session_scope(state().engine.database) as work:
        found = authenticate(work, account.name, form.present.data)
    if found is None:
        form.present.errors = [REFUSED]
        return render_template("accounts/password.html", form=form), 403
    try:
        with session_scope(state().engine.database) as work:
            changed = set_password(work, account.name, form.chosen.data)
            record_change(work, account.name, "account.password", account.name)
    except UnusableEntry as error:
        form.chosen.errors = [str(error)]
        return render_template("accounts/password.html", form=form), 422
    login_user(User(changed))
    flash("Your password is changed. Other sessions of yours have ended.")
    return redirect(home_of(changed), 303)


def home_of(account: AccountView) -> str:
    """Return the first page of a role."""
    return url_for("ops.overview" if account.role == "operator" else "studio.catalogue")
