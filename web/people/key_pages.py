"""The page of API keys: which programs may use the API, and for what."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from search.database.connection import session_scope
from search.errors import FindalikeError, UnknownEntry, UnusableEntry
from web.accounts.api_keys import KeyView, add_key, list_keys, revoke_key
from web.errors import answer_to
from web.login.sessions import current_actor
from web.people.blueprint import blueprint
from web.state import state

SCOPE_DESCRIPTIONS = {
    "search": "search, at a key's rate",
    "merchandise": "read and change rules",
    "catalogue": "send and withdraw products",
    "operate": "read status, jobs and generations",
}


@blueprint.get("/keys")
def keys() -> ResponseReturnValue:
    """Show all keys."""
    return _page()


@blueprint.post("/keys")
def make_key() -> ResponseReturnValue:
    """Make a key, whose secret is shown once."""
    name, scopes = request.form.get("name", ""), request.form.getlist("scope")
    try:
        with session_scope(state().engine.database) as session:
            made, secret = add_key(session, name, scopes, actor=current_actor())
    except UnusableEntry as error:
        return _page(problem=error, name=name, chosen=scopes)
    return _page(made=made, secret=secret)


@blueprint.post("/keys/<name>/revoke")
def end_key(name: str) -> ResponseReturnValue:
    """Revoke a key for good."""
    try:
        with session_scope(state().engine.database) as session:
            gone = revoke_key(session, name, actor=current_actor())
    except (UnknownEntry, UnusableEntry) as error:
        return _page(problem=error)
    flash(f"The key {gone.name} opens nothing any more.")
    return redirect(url_for("people.keys"), 303)


def _page(
    *,
    problem: FindalikeError | None = None,
    made: KeyView | None = None,
    secret: str = "",
    name: str = "",
    chosen: list[str] | None = None,
) -> ResponseReturnValue:
    """Render the list.

    Args:
        problem: Why something was not done.
        made: The key whose secret is shown.
        secret: The secret.
        name: The name that was typed into the form.
        chosen: The scopes that were chosen there.
    """
    with session_scope(state().engine.database) as session:
        known = list_keys(session)
    page = render_template(
        "people/keys.html",
        keys=[key for key in known if key.revoked_at is None],
        revoked=[key for key in known if key.revoked_at is not None],
        scopes=SCOPE_DESCRIPTIONS,
        problem=problem,
        made=made,
        secret=secret,
        name=name,
        chosen=["search"] if chosen is None else chosen,
        open=state().settings.api_anonymous,
    )
    return page, 200 if problem is None else answer_to(problem).status
