"""All generations, and one with its manifest in full."""

import json

from flask import abort, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from search.database.connection import session_scope
from search.database.models import SuiteRun
from search.errors import NoGeneration
from search.operation.generation_list import (
    ListedGeneration,
    find_generation,
    list_generations,
    of_new_model,
)
from search.operation.run_report import compare
from search.publication.checks import latest_rehearsal
from search.publication.publishing import next_back
from web.ops.blueprint import blueprint
from web.ops.report_tables import report_tables
from web.state import state


@blueprint.get("/generations")
def generations() -> ResponseReturnValue:
    """Show all generations that are stored, newest first."""
    with session_scope(state().engine.database) as session:
        found, _ = list_generations(session)
    return render_template(
        "ops/generations.html",
        generations=found,
        back=rollback_target(),
        new_model=of_new_model(found),
    )


@blueprint.get("/generations/<int:generation_id>")
def generation(generation_id: int) -> ResponseReturnValue:
    """Show one generation: its contents, its measurements, what changed."""
    with session_scope(state().engine.database) as session:
        found = find_or_404(session, generation_id)
        suite = session.scalars(
            select(SuiteRun)
            .where(SuiteRun.generation_id == generation_id)
            .order_by(SuiteRun.id.desc())
            .limit(1)
        ).first()
        suite_report = suite.report if suite is not None else {}
        rehearsal = latest_rehearsal(session, generation_id)
    before, differences = compare(state().watch.history().builds, found.measured)
    plain = {name: part for name, part in found.manifest.items() if name != "files"}
    return render_template(
        "ops/generation.html",
        generation=found,
        tables=list(report_tables(plain, "What it is")),
        files=found.manifest.get("files", {}),
        before=before,
        differences=differences,
        suite=suite,
        rehearsal=rehearsal,
        suite_tables=list(report_tables(suite_report)),
        raw=json.dumps(found.manifest, ensure_ascii=False, indent=2),
        back=rollback_target(),
    )


def find_or_404(session: Session, generation_id: int) -> ListedGeneration:
    """Return one generation; answers 404 where there is none."""
    found = find_generation(session, generation_id)
    if found is None:
        abort(404)
    return found


def rollback_target() -> int | None:
    """Return the generation that a rollback would publish; None where there is none."""
    try:
        return next_back(state().engine.database)
    except NoGeneration:
        return None
