"""The history of jobs, and one job's report in full."""

import json
from collections.abc import Iterator, Sequence

from flask import abort, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import Engine

from search.database.connection import session_scope
from search.database.models.index_tables import JOB_STATES
from search.errors import JobFailed
from search.jobs.job_records import JobRecord, list_jobs, read_job
from search.operation.run_report import KIND
from web.ops.blueprint import blueprint
from web.ops.report_tables import flat_facts, report_tables
from web.ops.run_page import run_parts
from web.rendering.csv_export import csv_file, in_parts
from web.rendering.list_page import asked_page, pager
from web.state import state

KINDS = ("ingest", "encode", "build", "rehearsal", "reindex")
PER_PAGE = 25
EXPORTED_AT_ONCE = 500
COLUMNS = (
    *("job", "kind", "state", "total", "done", "refused", "started", "ended", "seconds"),
    *("per_second", "error"),
)


@blueprint.get("/jobs")
def jobs() -> ResponseReturnValue:
    """Show the jobs of a kind and state, newest first."""
    kind, job_state = _choice("kind", KINDS), _choice("state", JOB_STATES)
    page = asked_page(PER_PAGE)
    with session_scope(state().engine.database) as session:
        found, total = list_jobs(
            session, kind=kind, state=job_state, limit=page.size, offset=page.offset
        )
    return render_template(
        "ops/jobs.html",
        jobs=found,
        total=total,
        kinds=KINDS,
        states=JOB_STATES,
        chosen={"kind": kind or None, "state": job_state or None},
        **pager(page, total),
    )


@blueprint.get("/jobs.csv")
def jobs_csv() -> ResponseReturnValue:
    """Answer with all jobs of a kind and state as a file."""
    kind, job_state = _choice("kind", KINDS), _choice("state", JOB_STATES)
    return csv_file("jobs", COLUMNS, _rows(state().engine.database, kind, job_state))


@blueprint.get("/jobs/<int:job_id>")
def job(job_id: int) -> ResponseReturnValue:
    """Show one job and its whole report; for a run of reindex, its outcome first."""
    found = _job(job_id)
    is_run = found.kind == KIND
    return render_template(
        "ops/run.html" if is_run else "ops/job.html",
        **(run_parts(found) if is_run else {}),
        job=found,
        tables=list(report_tables(found.report)),
        raw=json.dumps(found.report, ensure_ascii=False, indent=2),
    )


@blueprint.get("/jobs/<int:job_id>.csv")
def job_csv(job_id: int) -> ResponseReturnValue:
    """Answer with every fact of one job's report as a file."""
    return csv_file(f"job-{job_id}", ("fact", "value"), flat_facts(_job(job_id).report))


def _choice(name: str, allowed: tuple[str, ...]) -> str:
    """Return the chosen value of a filter; empty, which filters nothing, for any other value."""
    value = request.args.get(name, "")
    return value if value in allowed else ""


def _job(job_id: int) -> JobRecord:
    try:
        with session_scope(state().engine.database) as session:
            return read_job(session, job_id)
    except JobFailed:
        abort(404)


def _rows(database: Engine, kind: str, state: str) -> Iterator[tuple[object, ...]]:
    """Yield a row for each job."""

    def read(limit: int, offset: int) -> Sequence[JobRecord]:
        with session_scope(database) as session:
            return list_jobs(session, kind=kind, state=state, limit=limit, offset=offset)[0]

    for job in in_parts(read, EXPORTED_AT_ONCE):
        yield (
            *(job.id, job.kind, job.state, job.total, job.done, job.failed),
            *(job.started_at.isoformat(), job.finished_at and job.finished_at.isoformat()),
            *(round(job.elapsed_s, 1), job.rate and round(job.rate, 2), job.error),
        )
