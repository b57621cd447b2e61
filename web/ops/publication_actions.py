"""Publishing a generation and rolling back, after a confirmation.

A form without `confirmed` is answered with a page that asks. Where scripts run, the page asks in
the browser and sends `confirmed` at once. The address of a rollback names the generation that it
leads to, so that nothing else happens than what was confirmed.
"""

from collections.abc import Callable, Mapping
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from search.database.connection import session_scope
from search.encoder import Encoder
from search.errors import FindalikeError, RehearsalRefused
from search.publication.checks import WAIVABLE
from search.publication.publishing import publish, rollback
from web.login.sessions import current_actor
from web.ops.blueprint import blueprint
from web.ops.generation_pages import find_or_404, rollback_target
from web.state import state


@blueprint.post("/generations/<int:generation_id>/publish")
def publish_generation(generation_id: int) -> ResponseReturnValue:
    """Make a generation live, after a confirmation."""

    def work() -> int:
        engine = state().engine
        live = publish(
            engine.database,
            state().settings,
            generation_id,
            actor=current_actor(),
            encoder=_loaded_model(),
            in_spite_of=request.form.getlist("in_spite_of"),
        )
        engine.live.refresh()
        return live

    return _do_if_confirmed(generation_id, "publish", "Generation {} is live.", work)


@blueprint.post("/generations/<int:generation_id>/rollback")
def roll_back(generation_id: int) -> ResponseReturnValue:
    """Go back to a generation, after a confirmation."""

    def work() -> int:
        live = rollback(state().engine.database, state().settings, actor=current_actor())
        state().engine.live.refresh()
        return live

    if generation_id != rollback_target():
        return _confirmation_page(generation_id, "rollback", LEADS_ELSEWHERE), 409
    return _do_if_confirmed(generation_id, "rollback", "Generation {} is live again.", work)


def _loaded_model() -> Encoder | None:
    """Return the model that this process has loaded; None where it has none."""
    try:
        return state().engine.answering().encoder
    except FindalikeError:
        return None


LEADS_ELSEWHERE = (
    "Meanwhile somebody published or rolled back, so a rollback does not lead here any more. "
    "Look at the generations again."
)

FAILED_REHEARSAL = "It was not published: it failed its rehearsal. What was live stays."


def _do_if_confirmed(
    generation_id: int, action: str, done: str, work: Callable[[], int]
) -> ResponseReturnValue:
    """Do the work if it is confirmed, otherwise ask. An error is shown with its message."""
    if request.form.get("confirmed") != "yes":
        return _confirmation_page(generation_id, action)
    try:
        live = work()
    except RehearsalRefused as error:
        return _confirmation_page(generation_id, action, FAILED_REHEARSAL, error.rehearsal), 409
    except FindalikeError as error:
        return _confirmation_page(generation_id, action, str(error)), 409
    state().watch.look_again()
    flash(done.format(live))
    return redirect(url_for("ops.generations"), 303)


def _confirmation_page(
    generation_id: int, action: str, refused: str = "", rehearsal: Mapping[str, Any] | None = None
) -> str:
    """Return the page that asks for confirmation, with the rehearsal that refused, if one did."""
    checks = rehearsal["checks"] if rehearsal is not None else ()
    failed = [check["name"] for check in checks if check["verdict"] == "failed"]
    with session_scope(state().engine.database) as session:
        generation = find_or_404(session, generation_id)
    return render_template(
        "ops/confirm.html",
        generation=generation,
        live=state().watch.status().live,
        action=action,
        refused=refused,
        rehearsal=rehearsal,
        waivable=[name for name in failed if name in WAIVABLE],
    )
