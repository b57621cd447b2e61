"""Publishing a generation and rolling back: asked once more, recorded, refused in plain words.

A form without `confirmed` is answered with the question; the page's script asks by itself and sends
`confirmed` at once. A rollback names where it leads, so that what happens is what was confirmed.
"""

from collections.abc import Callable

import structlog
from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from search.db import session_scope
from search.errors import FindalikeError
from search.merchandising.suite_runs import run_and_keep
from search.publication import publish, rollback
from web.accounts.login import current_actor
from web.ops.blueprint import blueprint
from web.ops.generations import back_to, find
from web.state import state

log = structlog.get_logger()


@blueprint.post("/generations/<int:generation_id>/publish")
def publish_generation(generation_id: int) -> ResponseReturnValue:
    """Make a generation live, once that is confirmed."""

    def work() -> int:
        settings, database = state().settings, state().engine.database
        live = publish(database, settings, generation_id, actor=current_actor())
        state().engine.live.refresh()
        _run_descriptions()
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


def _run_descriptions() -> None:
    """Ask the saved descriptions of what is live now; what fails does not undo the publication."""
    try:
        run_and_keep(state().engine, started_by=current_actor())
    except FindalikeError as error:
        log.warning("suite_failed", error=str(error))


CHANGED = (
    "Meanwhile somebody published or rolled back, so a rollback does not lead here any more. "
    "Look at the generations again."
)


def _confirmed(
    generation_id: int, action: str, done: str, work: Callable[[], int]
) -> ResponseReturnValue:
    """Ask, or do it and say so; what refuses is shown as it is."""
    if request.form.get("confirmed") != "yes":
        return _ask(generation_id, action)
    try:
        live = work()
    except FindalikeError as error:
        return _ask(generation_id, action, str(error)), 409
    state().watch.look_again()
    flash(done.format(live))
    return redirect(url_for("ops.generations"), 303)


def _ask(generation_id: int, action: str, refused: str = "") -> str:
    """Return the page that asks before it is done."""
    with session_scope(state().engine.database) as session:
        generation = find(session, generation_id)
    return render_template(
        "ops/confirm.html",
        generation=generation,
        live=state().watch.status().live,
        action=action,
        refused=refused,
    )
