"""The page of one `reindex`: is it live, what came, what failed and why, what it took."""

from typing import Any

from search.database.connection import session_scope
from search.jobs.job_records import JobRecord
from search.operation.readable_units import span
from search.operation.run_history import History
from search.operation.run_pictures import read_run_pictures
from search.operation.run_report import run_report
from web.ops.report_tables import report_tables, title_of
from web.ops.svg_plot import Chart, Point, Series, draw
from web.state import state

NIGHTS = 30


def run_parts(job: JobRecord) -> dict[str, Any]:
    """Return what the page of a run shows beside its job."""
    history = state().watch.history()
    run = run_report(job, history.builds)
    with session_scope(state().engine.database) as session:
        pictures = read_run_pictures(session, job)
    return {
        "run": run,
        "pictures": pictures,
        "durations": durations(history, job),
        "fetched": list(report_tables(run.fetched or {}, title_of("fetch"))),
        "trained": list(report_tables(run.training or {}, "Training of the index")),
    }


def durations(history: History, job: JobRecord) -> Chart | None:
    """Return a chart of how long this run and those before it took; None for the first run."""
    nights = [
        Point(night.at, night.elapsed_s, night.state == "failed")
        for night in history.nights
        if night.at <= job.started_at
    ][-NIGHTS:]
    if len(nights) < 2:
        return None
    return draw("duration", "Duration, beside the runs before", [Series("reindex", nights)], span)
