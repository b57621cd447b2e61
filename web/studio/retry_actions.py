"""Tries refused pictures and rows again: one, or all of a reason or a catalogue."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from search.catalogue.change_inbox import reread_rows
from search.database.connection import session_scope
from search.errors import TooManyChanges
from search.merchandising.health.refusals import retry_refusals
from web.login.sessions import current_actor
from web.state import state
from web.studio.blueprint import blueprint


@blueprint.post("/health/refused/retry")
def retry() -> ResponseReturnValue:
    """Try one refused picture again, or all of a reason."""
    one, code = request.form.get("refusal", type=int), request.form.get("reason", "")
    with session_scope(state().engine.database) as session:
        count = retry_refusals(session, actor=current_actor(), code=code, refusal_id=one)
    flash(
        f"{count:,} {'picture' if count == 1 else 'pictures'} will be looked at again by the next "
        "encode, at the latest by tonight's reindex."
        if count
        else "Nothing to try again: that is no picture, or it waits already."
    )
    return _back()


@blueprint.post("/health/refused/reread")
def reread() -> ResponseReturnValue:
    """Read one refused row again, or all of a reason and a catalogue."""
    one = request.form.get("refusal", type=int)
    code, source = ("" if one else request.form.get(name, "") for name in ("code", "source"))
    try:
        with session_scope(state().engine.database) as session:
            count = reread_rows(
                session, actor=current_actor(), refusal_id=one, code=code, source=source
            )
    except TooManyChanges as error:
        flash(str(error))
        return _back()
    flash(
        f"{count:,} {'row' if count == 1 else 'rows'} will be read again: within a minute by "
        "findalike watch, otherwise by the next run."
        if count
        else "Nothing to read again: that is no row, or it waits already."
    )
    return _back()


def _back() -> ResponseReturnValue:
    """Redirect to the list that was shown."""
    kind, code, source = (request.form.get(name) or None for name in ("kind", "code", "source"))
    there = url_for("studio.health_refused", kind=kind, code=code, source=source)
    return redirect(there, 303)
