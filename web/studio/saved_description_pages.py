"""Saved descriptions: products are marked right or wrong, all are run, results are shown."""

from collections.abc import Iterator

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest

from search.database.connection import session_scope
from search.errors import UnknownEntry, UnknownProduct, UnusableEntry
from search.merchandising.regression_suite import DescriptionOutcome
from search.merchandising.saved_descriptions import (
    Saved,
    add_saved,
    find_saved,
    list_saved,
    mark,
    remove_saved,
)
from search.merchandising.suite_runs import (
    Run,
    find_run,
    list_runs,
    places,
    run_and_keep,
    run_before,
)
from search.results import Query
from web.login.sessions import current_actor
from web.rendering.csv_export import csv_file
from web.state import engine
from web.studio.blueprint import blueprint

SHOWN = 24
"""Hits offered for marking."""
PLACES_SEARCHED = 100
"""Places of the answer in which marked products are looked for."""
MARKS = {"right": True, "wrong": False, "none": None}
COLUMNS = (
    *("description", "right", "right_in_first_10", "first_right_at", "wrong_in_first_10"),
    *("change", "missing", "unwanted"),
)


@blueprint.get("/saved")
def saved() -> ResponseReturnValue:
    """Show all descriptions with the results of the latest run, or of the one asked for."""
    run, before, runs = _runs()
    with session_scope(engine().database) as session:
        kept = list_saved(session)
    outcomes = {each.id: each for each in run.outcomes} if run else {}
    earlier = {each.id: each for each in before.outcomes} if before else {}
    return render_template(
        "studio/saved.html",
        saved=kept,
        run=run,
        before=before,
        runs=runs,
        outcomes=outcomes,
        earlier=earlier,
        changes=run.changes(before) if run else {},
        draft=request.args.get("text", "")[:200],
    )


@blueprint.get("/saved.csv")
def saved_csv() -> ResponseReturnValue:
    """Answer with the results of a run as a file."""
    run, before, _ = _runs()
    changes = run.changes(before) if run else {}

    def rows(outcomes: tuple[DescriptionOutcome, ...]) -> Iterator[tuple[object, ...]]:
        for each in outcomes:
            yield (
                *(each.text, each.right, each.found, each.first, each.shown_wrong),
                *(changes[each.id], "|".join(each.missing), "|".join(each.unwanted)),
            )

    return csv_file("saved-descriptions", COLUMNS, rows(run.outcomes if run else ()))


@blueprint.post("/saved")
def add_description() -> ResponseReturnValue:
    """Save a description, then go to marking."""
    try:
        with session_scope(engine().database) as session:
            saved_id = add_saved(session, request.form.get("text", ""), actor=current_actor())
    except UnusableEntry as error:
        flash(str(error))
        return redirect(url_for("studio.saved"), 303)
    return redirect(url_for("studio.marking", saved_id=saved_id), 303)


@blueprint.post("/saved/run")
def run_descriptions() -> ResponseReturnValue:
    """Run all descriptions on the live generation."""
    run = run_and_keep(engine(), started_by=current_actor())
    if run is None:
        flash("No description has products marked right or wrong yet.")
    return redirect(url_for("studio.saved"), 303)


@blueprint.get("/saved/<int(max=9223372036854775807):saved_id>")
def marking(saved_id: int) -> ResponseReturnValue:
    """Show what a description finds now, for marking."""
    kept = _find(saved_id)
    page = engine().search(Query(text=kept.text, k=PLACES_SEARCHED, record=False))
    place_of = {product: place for place, found in enumerate(places(page), 1) for product in found}
    return render_template(
        "studio/marking.html",
        saved=kept,
        hits=page.hits[:SHOWN],
        total=page.total,
        place_of=place_of,
        marked={each.product_id: each.right for each in kept.marks},
        looked=PLACES_SEARCHED,
    )


@blueprint.post("/saved/<int(max=9223372036854775807):saved_id>/marks")
def mark_product(saved_id: int) -> ResponseReturnValue:
    """Mark a product right or wrong, or remove its mark."""
    sku, word = request.form.get("sku", "").strip(), request.form.get("mark", "")
    if word not in MARKS:
        raise BadRequest("mark is one of right, wrong, none.")
    back = url_for("studio.marking", saved_id=saved_id)
    try:
        with session_scope(engine().database) as session:
            mark(session, saved_id, sku, MARKS[word], actor=current_actor())
    except UnknownProduct as error:
        flash(str(error))
        return redirect(back, 303)
    place = request.form.get("place", "", type=str)
    return redirect(f"{back}#hit-{place}" if place.isdecimal() else back, 303)


@blueprint.post("/saved/<int(max=9223372036854775807):saved_id>/remove")
def remove_description(saved_id: int) -> ResponseReturnValue:
    """Remove a description with its marks."""
    with session_scope(engine().database) as session:
        text = remove_saved(session, saved_id, actor=current_actor())
    flash(f"“{text}” is removed.")
    return redirect(url_for("studio.saved"), 303)


def _find(saved_id: int) -> Saved:
    with session_scope(engine().database) as session:
        return find_saved(session, saved_id)


def _runs() -> tuple[Run | None, Run | None, list[Run]]:
    """Return the run to show, the run that it is compared with, and the latest runs."""
    wanted, against = (request.args.get(name, type=int) for name in ("run", "against"))
    with session_scope(engine().database) as session:
        runs = list_runs(session)
        latest = runs[0] if runs else None
        run = latest if wanted is None else find_run(session, wanted)
        if run is None:
            return None, None, runs
        try:
            before = run_before(session, run) if against is None else find_run(session, against)
        except UnknownEntry:
            before = None
        return run, before, runs
