"""The page of a run: the answer first, then why."""

import html
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, func, select

from search.database.connection import session_scope
from search.database.models import Job, Product, Quarantine
from search.engine.search_engine import SearchEngine
from search.jobs.job_records import start_job
from search.jobs.job_stages import begin_stage, measure_stage
from tests.support.shops.recorded_runs import CHECKS, add_build, add_night
from tests.support.staff import log_in
from web.state import WebState


@pytest.fixture(autouse=True)
def only_here(app: Flask, engine: SearchEngine) -> Iterator[None]:
    """Remove jobs and quarantine entries of these tests."""
    state: WebState = app.extensions["findalike"]
    with session_scope(engine.database) as session:
        before = session.scalar(select(func.max(Job.id))) or 0
    yield
    with session_scope(engine.database) as session:
        session.execute(delete(Job).where(Job.id > before))
        session.execute(delete(Quarantine))
    state.watch.look_again()


def page_of(app: Flask, client: FlaskClient, job_id: int) -> str:
    state: WebState = app.extensions["findalike"]
    state.watch.look_again()
    answer = client.get(f"/ops/jobs/{job_id}")
    assert answer.status_code == 200
    return answer.text


def cells(page: str) -> str:
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", page).split()))


def test_a_night_that_went_well(app: Flask, engine: SearchEngine) -> None:
    with session_scope(engine.database) as session:
        add_build(session, 11)
        add_build(session, 12, products=1190)
        job_id = add_night(session)
        session.add(Quarantine(kind="image", source="c", sku="PLATE-RED", reason="truncated",
                               detail="Send `it` <again>."))  # fmt: skip
        at = datetime.now(UTC) - timedelta(minutes=5)
        session.query(Quarantine).update({"created_at": at})
        shown = session.scalar(select(func.count()).where(Product.retired_at.is_(None))) or 0
    text = page_of(app, log_in(app, "operator"), job_id)
    page = cells(text)
    for told in (
        "Generation 12 is live.",
        "1,200 rows read = 1,190 products indexed + 8 without a usable picture + 2 rows refused",
        "/data/autumn.csv 1,190 30",
        "Encode 30 s",
        "16 s 773 MB",
        "Against generation 11",
        "Products 1,140 1,190 +50",
        "Recall at 10 is 0.983.",
        "It still fits.",
        "Put off, by host pictures.example 6",
        "4.4 pictures per second; workers were at it for 9.5 s in all",
        "Red plate PLATE-RED Truncated Send it <again>.",
    ):
        assert told in page
    assert '<rect width="37.5"' in text  # 30 of 80 seconds
    assert len(re.findall(r"/pictures/\d+/240\.webp", text)) >= min(shown, 12)
    assert "/studio/products/" not in text  # operators may not open that page


def test_who_may_goes_on_to_the_products(app: Flask, engine: SearchEngine) -> None:
    with session_scope(engine.database) as session:
        job_id = add_night(session)
    assert "/studio/products/" in page_of(app, log_in(app, "admin"), job_id)


def test_a_refusal_shows_its_checks_first(app: Flask, engine: SearchEngine) -> None:
    with session_scope(engine.database) as session:
        rehearsal = {"refused": True, "checks": CHECKS}
        job_id = add_night(session, error="Too few products.", rehearsal=rehearsal)
    page = cells(page_of(app, log_in(app, "operator"), job_id))
    assert "The new generation was refused; what was live stayed live." in page
    assert "Counts failed 0.34 0.2 A third of the products is gone." in page
    assert page.index("A third of the products") < page.index("Where everything went")


def test_a_run_at_work_says_how_far_it_is(app: Flask, engine: SearchEngine) -> None:
    with session_scope(engine.database) as session:
        job_id = start_job(session, "reindex", 5)
        begin_stage(session, job_id, "encode")
        measure_stage(session, job_id, 50, 200, unit="pictures")
    client = log_in(app, "operator")
    page = page_of(app, client, job_id)
    assert "At work: encode." in page
    assert "0 of 5 stages done, now encode · 50 of 200 pictures" in page
    assert re.search(r'<progress[^>]*max="5"[^>]*value="0.25"', page)
    answer = client.get("/ops/running").json
    assert answer["jobs"][0]["processed"] == 0.25
