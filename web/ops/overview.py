"""The first page of an operator: what is wrong, what runs, what the last night did."""

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from search.database.connection import session_scope
from search.jobs.job_records import JobRecord, list_jobs
from search.operation.shop_status import MOST_RUNNING
from web.ops.blueprint import blueprint
from web.ops.job_progress import progress_of
from web.ops.night_summary import summary_of
from web.state import state


@blueprint.get("")
def overview() -> ResponseReturnValue:
    """Show the overview."""
    watch = state().watch
    status = watch.status()
    return render_template(
        "ops/overview.html",
        status=status,
        concerns=watch.concerns(),
        night=summary_of(status.last_reindex),
        findings=watch.examination.findings(),
        running=_running(),
    )


def _running() -> list[JobRecord]:
    """Return the jobs that run now."""
    with session_scope(state().engine.database) as session:
        return list_jobs(session, state="running", limit=MOST_RUNNING)[0]


@blueprint.get("/running")
def running() -> ResponseReturnValue:
    """Answer how far running jobs are; open pages poll it."""
    status = state().watch.status()
    jobs = [progress_of(job) for job in _running()]
    return {"jobs": jobs, "queued": status.queued_tasks, "workers": len(status.workers)}


@blueprint.post("/checks")
def examine() -> ResponseReturnValue:
    """Start all checks in the background."""
    state().watch.examination.begin()
    return redirect(url_for("ops.overview", _anchor="health"), 303)
