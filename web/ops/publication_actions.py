"""Publishing a generation and rolling back: asked once more, recorded, refused in plain words.

A form without `confirmed` is answered with the question; the page's script asks by itself and sends
`confirmed` at once. A rollback names where it leads, so that what happens is what was confirmed.
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
from web.login.login import current_actor
from web.ops.blueprint import blueprint
from web.ops.generation_pages import back_to, find
from web.state import state


@blueprint.post("/generations/<int:generation_id>/publish")
def publish_generation(generation_id: int) -> ResponseReturnValue:
    """Make a generation live, once that is confirmed."""

    def work() -> int:
        engine = state().engine
        live = publish(
            engine.database,
            state().settings,
            generation_id,
            actor=current_actor(),
            encoder=_model_at_hand(),
            in_spite_of=request.form.getlist("in_spite_of"),
        )
        engine.live.refresh()
        return live

    return _confirmed(generation_id, "publish", "Generation {} is live.", work)


@blueprint.post("/generations/<int:generation_id>/rollback")
def roll_back(generation_id: int) -> ResponseReturnValue:
    """Go back to a generation, once that is confirmed."""

    def work() -> int:
        live = rollback(state().engine.database, state().settings, actor=current_actor())
        state().engine.live.refresh()
        return live

    if generation_id != back_to():
        return _ask(generation_id, "rollback", CHANGED), 409
    return _confirmed(generation_id, "rollback", "Generation {} is live again.", work)


def _model_at_hand() -> Encoder | None:
    """Return the model that answers in this process; None: nothing is live, or can't be loaded."""
    try:
        return state().engine.answering().encoder
    except FindalikeError:
        return None


CHANGED = (
    "Meanwhile somebody published or rolled back, so a rollback does not lead here any more. "
    "Look at the generations again."
)

REFUSED = "It was not published: it failed its rehearsal. What was live stays."


def _confirmed(
    generation_id: int, action: str, done: str, work: Callable[[], int]
) -> ResponseReturnValue:
    """Ask, or do it and say so; what refuses is shown as it is."""
    if request.form.get("confirmed") != "yes":
        return _ask(generation_id, action)
    try:
        live = work()
    except RehearsalRefused as error:
        return _ask(generation_id, action, REFUSED, error.rehearsal), 409
    except FindalikeError as error:
        return _ask(generation_id, action, str(error)), 409
    state().watch.look_again()
    flash(done.format(live))
    return redirect(url_for("ops.generations"), 303)


def _ask(
    generation_id: int, action: str, refused: str = "", rehearsal: Mapping[str, Any] | None = None
) -> str:
    """Return the page that asks before it is done; a rehearsal that refused is shown in full."""
    checks = rehearsal["checks"] if rehearsal is not None else ()
    failed = [check["name"] for check in checks if check["verdict"] == "failed"]
    with session_scope(state().engine.database) as session:
        generation = find(session, generation_id)
    return render_template(
        "ops/confirm.html",
        generation=generation,
        live=state().watch.status().live,
        action=action,
        refused=refused,
        rehearsal=rehearsal,
        waivable=[name for name in failed if name in WAIVABLE],
    )
