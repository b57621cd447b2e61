"""The operator's pages over a real shop: what they show, and who may see them."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, func, select

from search.database.connection import session_scope
from search.database.models import GenerationRow, Job, Quarantine, SearchEvent, SuiteRun
from search.engine.search_engine import SearchEngine
from search.jobs.job_records import fail, finish, start_job
from search.jobs.job_stages import begin_stage
from tests.support.staff import log_in, token_of
from web.state import WebState

PAGES = ("/ops", "/ops/jobs", "/ops/generations", "/ops/charts")
REINDEX = {
    "changed": True,
    "generation": 1,
    "seconds": {"ingest": 1.5, "encode": 20.25, "build": 3.0, "publish": 0.1},
    "sources": [
        {
            "source": "/data/autumn.csv", "rows": 1200, "new": 30, "changed": 4, "unchanged": 1166,
            "refused": 2, "retired": 7, "refusals": {"no_title": 2}, "remarks": {},
        }
    ],
    "encode": {"job": 7, "total": 40, "encoded": 38, "failed": {"truncated": 2}},
}  # fmt: skip


@pytest.fixture
def operator(app: Flask) -> FlaskClient:
    return log_in(app, "operator")


@pytest.fixture
def jobs(app: Flask, engine: SearchEngine) -> Iterator[dict[str, int]]:
    """A run that succeeded, one that failed, and a running encode job; removed afterwards."""
    with session_scope(engine.database) as session:
        before = session.scalar(select(func.max(Job.id))) or 0
        done = start_job(session, "reindex", 4)
        finish(session, done, REINDEX)
        failed = start_job(session, "reindex", 4)
        begin_stage(session, failed, "encode")
        fail(session, failed, "The disk is full. Run `findalike reindex` <again>.")
        running = start_job(session, "encode", 200)
        job = session.get_one(Job, running)
        job.done, job.failed = 49, 1
        session.add(Quarantine(kind="row", source="c", reason="no_title", detail="Give one."))
    look_again(app)
    yield {"done": done, "failed": failed, "running": running}
    with session_scope(engine.database) as session:
        session.execute(delete(Job).where(Job.id > before))
        session.execute(delete(Quarantine))
    look_again(app)


def look_again(app: Flask) -> None:
    state: WebState = app.extensions["findalike"]
    state.watch.look_again()


def cells(page: str) -> str:
    """Return the text of a page, with one space between words."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


@pytest.mark.parametrize("path", PAGES)
def test_pages_are_the_operators(app: Flask, operator: FlaskClient, path: str) -> None:
    assert operator.get(path).status_code == 200
    assert app.test_client().get(path).status_code == 303
    assert log_in(app, "merchandiser").get(path).status_code == 403


@pytest.mark.parametrize("path", PAGES)
def test_pages_of_a_shop_where_nothing_is_published(empty_app: Flask, path: str) -> None:
    assert log_in(empty_app, "operator").get(path).status_code == 200


def test_an_empty_shop_says_how_to_begin(empty_app: Flask) -> None:
    page = cells(log_in(empty_app, "operator").get("/ops").text)
    assert "1 thing needs you" in page
    assert "No index is published yet" in page


@pytest.mark.usefixtures("jobs")
def test_the_overview_says_all_at_a_glance(operator: FlaskClient, engine: SearchEngine) -> None:
    text = operator.get("/ops").text
    page = cells(text)
    generation = engine.generation()
    assert f"Live generation {generation.id}" in page
    assert f"{100 * generation.manifest.measured.recall_at_10:.2f} %" in page
    assert "The last reindex failed during encode" in page
    assert "<code>findalike reindex</code> &lt;again&gt;" in text
    assert "has pictures to encode, but no worker takes them" in page
    assert "50 of 200 (25 %)" in page
    assert re.search(r'<progress[^>]*max="200"[^>]*value="50"', text)
    assert "No title 1" in page
    assert "Nothing is scheduled" in page


def test_the_doctor_reports_in_the_background(app: Flask, operator: FlaskClient) -> None:
    state: WebState = app.extensions["findalike"]
    sent = operator.post("/ops/checks", data={"csrf_token": token_of(operator, "/ops")})
    assert sent.status_code == 303
    state.watch.examination.wait(60)
    page = cells(operator.get("/ops").text)
    assert "Checked" in page
    for found in (
        "PostgreSQL",
        state.engine.answering().encoder.tag,
        "checksums are right",
        "on cpu",
    ):
        assert found in page


def test_running_jobs_as_numbers(operator: FlaskClient, jobs: dict[str, int]) -> None:
    answer = operator.get("/ops/running").json
    assert [(job["id"], job["processed"], job["total"]) for job in answer["jobs"]] == [
        (jobs["running"], 50, 200)
    ]
    for part in ("50 of 200 (25 %)", "per second", "left", "1 refused"):
        assert part in answer["jobs"][0]["text"]
    assert answer["workers"] == answer["queued"] == 0


def test_jobs_are_filtered(operator: FlaskClient, jobs: dict[str, int]) -> None:
    def ids(query: str) -> set[int]:
        return {int(n) for n in re.findall(r"/ops/jobs/(\d+)\"", operator.get(query).text)}

    assert ids("/ops/jobs") >= set(jobs.values())
    assert ids("/ops/jobs?kind=reindex") == {jobs["done"], jobs["failed"]}
    assert ids("/ops/jobs?kind=reindex&state=failed") == {jobs["failed"]}
    assert ids("/ops/jobs?kind=cake") >= set(jobs.values())  # no such filter
    assert "No job matches" in operator.get("/ops/jobs?kind=ingest&state=failed").text


def test_jobs_come_in_pages(app: Flask, operator: FlaskClient, engine: SearchEngine) -> None:
    with session_scope(engine.database) as session:
        made = [start_job(session, "ingest") for _ in range(60)]
        for job_id in made:
            fail(session, job_id, "x")
    query = "/ops/jobs?kind=ingest&state=failed"
    try:
        assert "Page 2 of 3" in operator.get(f"{query}&page=2").text
        assert "kind=ingest&amp;state=failed&amp;page=3" in operator.get(f"{query}&page=2").text
        rows = operator.get("/ops/jobs.csv?kind=ingest&state=failed").text
        assert len(list(csv.reader(io.StringIO(rows)))) == 61
    finally:
        with session_scope(engine.database) as session:
            session.execute(delete(Job).where(Job.id.in_(made)))


def test_a_job_is_told_in_tables(operator: FlaskClient, jobs: dict[str, int]) -> None:
    page = cells(operator.get(f"/ops/jobs/{jobs['done']}").text)
    for told in (
        "/data/autumn.csv 1,200 30",
        "Seconds per stage Encode 20.25 Build 3 Ingest 1.5 Publish 0.1",
        "Rows refused, by reason No title 2",
        "Pictures refused, by reason Truncated 2",
    ):
        assert told in page
    failed = operator.get(f"/ops/jobs/{jobs['failed']}").text
    assert "Failed during encode; what was live stayed live." in failed
    assert "&lt;again&gt;" in failed
    assert "data-running" in operator.get(f"/ops/jobs/{jobs['running']}").text
    assert operator.get("/ops/jobs/99999999").status_code == 404


def test_a_report_as_a_file(operator: FlaskClient, jobs: dict[str, int]) -> None:
    answer = operator.get(f"/ops/jobs/{jobs['done']}.csv")
    facts = dict(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert facts["seconds.encode"] == "20.25"
    assert facts["sources.0.refusals.no_title"] == "2"


def test_a_generation_is_told_in_full(operator: FlaskClient, engine: SearchEngine) -> None:
    generation = engine.generation()
    page = operator.get(f"/ops/generations/{generation.id}").text
    for name, file in generation.manifest.files.items():
        assert name in page
        assert file.sha256 in page
    assert generation.manifest.factory in cells(page)
    assert generation.manifest.signature in page  # as JSON
    listed = cells(operator.get("/ops/generations").text)
    assert generation.manifest.model_tag in listed
    assert operator.get("/ops/generations/99999999").status_code == 404


def test_what_changed_against_a_build_that_is_pruned(
    app: Flask, operator: FlaskClient, engine: SearchEngine
) -> None:
    live = engine.generation()
    with session_scope(engine.database) as session:
        built = session.scalars(select(Job).where(Job.kind == "build")).first()
        assert built is not None
        report = built.report or {}
        report = report | {"generation": live.id - 1, "products": live.manifest.products - 3}
        before = start_job(session, "build")
        finish(session, before, report)
        suite = SuiteRun(generation_id=live.id, started_by="ada", report={"right": 12, "wrong": 1})
        session.add(suite)
    look_again(app)
    try:
        page = cells(operator.get(f"/ops/generations/{live.id}").text)
        products = live.manifest.products
        assert f"Against generation {live.id - 1}" in page
        assert f"Products {products - 3} {products} +3" in page
        assert "by ada" in page
        assert "Right 12" in page
    finally:
        with session_scope(engine.database) as session:
            session.execute(delete(Job).where(Job.id == before))
            session.execute(delete(SuiteRun))
        look_again(app)


def test_a_build_that_failed_is_listed(operator: FlaskClient, engine: SearchEngine) -> None:
    with session_scope(engine.database) as session:
        failed = GenerationRow(state="failed", model_tag="m", directory="never")
        session.add(failed)
        session.flush()
        failed_id = failed.id
    try:
        assert "not finished" in operator.get("/ops/generations").text
        assert operator.get(f"/ops/generations/{failed_id}").status_code == 200
    finally:
        with session_scope(engine.database) as session:
            session.execute(delete(GenerationRow).where(GenerationRow.id == failed_id))


def test_charts_are_drawn_and_told(
    app: Flask, operator: FlaskClient, engine: SearchEngine, jobs: dict[str, int]
) -> None:
    with session_scope(engine.database) as session:
        session.add(
            SearchEvent(kind="text", filters={}, page=1, total=0, shown=[], elapsed_ms=321.0)
        )
    look_again(app)
    text = operator.get("/ops/charts").text
    page = cells(text)
    for title in ("Recall at 10 of each build", "Time to answer a search", "Duration of reindex"):
        assert title in page
    assert text.count('role="img"') == text.count("<desc ") == 6
    assert "style=" not in text
    assert f"{datetime.now(UTC):%Y-%m-%d}" in page
    assert "(failed)" in page
