"""All generations, and one with its manifest in full."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from flask import abort, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from search.db import session_scope
from search.errors import NoGeneration
from search.models import Generation, SuiteRun
from search.operation.history import MeasuredBuild, measured_build
from search.publication import next_back
from web.ops.blueprint import blueprint
from web.ops.report_tables import report_tables
from web.state import state

PUBLISHABLE = ("verified", "retired")
COMPARED = (
    *("products", "vectors", "stored_bytes", "recall_at_10", "recall_at_10_photo"),
    *("recall_at_10_text", "p50_ms", "p95_ms", "factory", "nprobe"),
)


@dataclass(frozen=True, slots=True)
class GenerationView:
    """A generation, as the pages show it."""

    id: int
    state: str
    model_tag: str
    directory: str
    created_at: datetime
    published_at: datetime | None
    manifest: dict[str, Any]
    measured: MeasuredBuild | None  # None: it was never finished

    @property
    def publishable(self) -> bool:
        """Whether it could be made live."""
        return self.state in PUBLISHABLE


@blueprint.get("/generations")
def generations() -> ResponseReturnValue:
    """Show all generations that are kept, newest first."""
    with session_scope(state().engine.database) as session:
        rows = session.scalars(select(Generation).order_by(Generation.id.desc()))
        found = [view_of(row) for row in rows]
    return render_template("ops/generations.html", generations=found, back=back_to())


@blueprint.get("/generations/<int:generation_id>")
def generation(generation_id: int) -> ResponseReturnValue:
    """Show one generation: what it holds, what it reached, what changed."""
    with session_scope(state().engine.database) as session:
        row = session.get(Generation, generation_id)
        if row is None:
            abort(404)
        suite = session.scalars(
            select(SuiteRun)
            .where(SuiteRun.generation_id == generation_id)
            .order_by(SuiteRun.id.desc())
            .limit(1)
        ).first()
        found, suite_report = view_of(row), suite.report if suite is not None else {}
    before = _before(generation_id)
    plain = {name: part for name, part in found.manifest.items() if name != "files"}
    return render_template(
        "ops/generation.html",
        generation=found,
        tables=list(report_tables(plain, "What it is")),
        files=found.manifest.get("files", {}),
        before=before,
        changes=_changes(before, found.measured),
        suite=suite,
        suite_tables=list(report_tables(suite_report)),
        raw=json.dumps(found.manifest, ensure_ascii=False, indent=2),
        back=back_to(),
    )


def view_of(row: Generation) -> GenerationView:
    """Return what the pages show of a row."""
    manifest = row.manifest or {}
    stored = sum(file["bytes"] for file in manifest.get("files", {}).values())
    whole = "measured" in manifest
    return GenerationView(
        id=row.id,
        state=row.state,
        model_tag=row.model_tag,
        directory=row.directory,
        created_at=row.created_at,
        published_at=row.published_at,
        manifest=manifest,
        measured=measured_build(row.created_at, row.id, manifest, stored) if whole else None,
    )


def find(session: Session, generation_id: int) -> GenerationView:
    """Return one generation; answers 404 where it is gone."""
    row = session.get(Generation, generation_id)
    if row is None:
        abort(404)
    return view_of(row)


def back_to() -> int | None:
    """Return where a rollback would lead; None where it leads nowhere."""
    try:
        return next_back(state().engine.database)
    except NoGeneration:
        return None


def _before(generation_id: int) -> MeasuredBuild | None:
    """Return the build before this one; it may be pruned, its job remembers it."""
    earlier = [
        build for build in state().watch.history().builds if build.generation < generation_id
    ]
    return earlier[-1] if earlier else None


def _changes(before: MeasuredBuild | None, now: MeasuredBuild | None) -> list[tuple[str, Any, Any]]:
    """Return name, value before and value now of all that is worth comparing."""
    if before is None or now is None:
        return []
    was, found = asdict(before), asdict(now)
    return [(name, was[name], found[name]) for name in COMPARED]
