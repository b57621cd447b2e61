"""Health pages: each list with its products and its file, and retrying pictures."""

import csv
import io
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, select

import search.catalogue.change_inbox
from search.database.audit_trail import read_trail
from search.database.connection import session_scope
from search.database.models import Finding, Job, Product, ProductChange, ProductImage, Quarantine
from search.engine.search_engine import SearchEngine
from search.jobs.job_records import finish, start_job
from search.merchandising.health.finding_store import JOB, keep_findings
from search.merchandising.health.survey import Found
from tests.support.staff import log_in, token_of

LISTS = ("pictures", "refused", "doubles", "categories", "titles", "missing", "colours")


@pytest.fixture
def mia(app: Flask, engine: SearchEngine) -> Iterator[FlaskClient]:
    """A merchandiser's client; refusals and findings are removed afterwards."""
    yield log_in(app, "merchandiser")
    with session_scope(engine.database) as session:
        session.execute(delete(ProductChange))
        session.execute(delete(Quarantine))
        session.execute(delete(Finding))
        session.execute(delete(Job).where(Job.kind == JOB))
        for image in session.scalars(select(ProductImage)):
            image.state, image.error = "ready", None


@pytest.fixture
def refused(mia: FlaskClient, engine: SearchEngine) -> list[int]:
    """Two refused pictures and a refused row; returns the ids of the pictures' entries."""
    with session_scope(engine.database) as session:
        images = session.scalars(select(ProductImage).order_by(ProductImage.id).limit(2)).all()
        for image in images:
            image.state, image.error = "failed", "The picture ends early."
        entries = [
            Quarantine(
                kind="image", source="shop.csv", sku="PLATE-RED", address="/a.jpg",
                product_image_id=image.id, reason="truncated", detail="Upload it again.",
            )
            for image in images
        ]  # fmt: skip
        row = {"kind": "row", "source": "shop.csv", "line": 7, "reason": "empty_title"}
        session.add_all([*entries, Quarantine(**row, detail="Give it a title.")])
        session.flush()
        return [entry.id for entry in entries]


@pytest.fixture
def surveyed(mia: FlaskClient, engine: SearchEngine) -> int:
    """Findings of the live generation: duplicates, a doubtful category and a doubtful title."""
    generation = engine.generation().id
    with session_scope(engine.database) as session:
        rows = session.execute(
            select(Product.id, ProductImage.id, Product.title, Product.category)
            .join(ProductImage, ProductImage.product_id == Product.id)
            .where(ProductImage.position == 0)
            .order_by(Product.id)
            .limit(2)
        ).all()
        found = [Found("duplicate", row[0], row[1], 0.97, {}, group=rows[0][0]) for row in rows]
        says = {"stated": rows[0][3], "seen": "Garden > Rakes"}
        found.append(Found("category", rows[0][0], rows[0][1], 0.83, says))
        found.append(Found("title", rows[1][0], rows[1][1], 0.41, {"title": rows[1][2]}))
        keep_findings(session, generation, found)
        finish(session, start_job(session, JOB), {"generation": generation})
    return generation


def rows_of(client: FlaskClient, name: str, query: str = "") -> list[dict[str, str]]:
    answer = client.get(f"/studio/health/{name}.csv{query}")
    assert answer.mimetype == "text/csv"
    return list(csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff"))))


def test_the_overview_counts_and_leads_on(
    mia: FlaskClient, refused: list[int], surveyed: int
) -> None:
    page = mia.get("/studio/health").text
    assert f"for generation {surveyed}" in page
    for name in LISTS:
        assert f'href="/studio/health/{name}"' in page
        assert mia.get(f"/studio/health/{name}").status_code == 200
        rows_of(mia, name)
    assert mia.get("/studio/health/nothing.csv").status_code == 404


def test_before_the_first_look_the_pages_say_so(mia: FlaskClient) -> None:
    assert "have not been looked over yet" in mia.get("/studio/health").text
    for name in ("doubles", "categories", "titles"):
        assert "findalike inspect" in mia.get(f"/studio/health/{name}").text
        assert rows_of(mia, name) == []


def test_refusals_are_narrowed_by_reason(mia: FlaskClient, refused: list[int]) -> None:
    page = mia.get("/studio/health/refused").text
    assert "The row has no title" in page
    assert "Try all" not in page
    page = mia.get("/studio/health/refused?kind=image&code=truncated").text
    assert "Try all 2 again" in page
    assert "Give it a title" not in page
    assert [row["reason"] for row in rows_of(mia, "refused", "?kind=row")] == ["empty_title"]


def test_one_picture_and_then_all_are_tried_again(
    mia: FlaskClient, engine: SearchEngine, refused: list[int]
) -> None:
    token = token_of(mia, "/studio/health/refused")
    fields = {"csrf_token": token, "kind": "image", "code": "truncated"}
    retry = "/studio/health/refused/retry"
    one = mia.post(retry, data={**fields, "refusal": refused[0]}, follow_redirects=True)
    assert "1 picture will be looked at again" in one.text
    assert one.text.count("Waits</span>") == 1
    rest = mia.post(retry, data={**fields, "reason": "truncated"}, follow_redirects=True)
    assert "1 picture will be looked at again" in rest.text
    none = mia.post(retry, data={**fields, "reason": "truncated"}, follow_redirects=True)
    assert "Nothing to try again" in none.text
    with session_scope(engine.database) as session:
        states = session.scalars(select(ProductImage.state).order_by(ProductImage.id).limit(2))
        assert states.all() == ["pending", "pending"]
        assert read_trail(session, action="picture.retry")[0][0].actor == "merchandiser"


def test_one_row_and_then_all_are_read_again(
    mia: FlaskClient, engine: SearchEngine, refused: list[int]
) -> None:
    with session_scope(engine.database) as session:
        given = {"kind": "row", "reason": "empty_title", "detail": "Give it a title."}
        session.add_all(
            Quarantine(**given, source=source, line=line, sku=f"S-{line}")
            for source, line in (("shop.csv", 8), ("shop.csv", 9), ("/data/other.csv", 10))
        )
        session.flush()
        one = session.scalars(select(Quarantine.id).where(Quarantine.line == 9)).one()
    token = token_of(mia, "/studio/health/refused")
    fields = {"csrf_token": token, "code": "empty_title"}
    reread = "/studio/health/refused/reread"
    listed = mia.get("/studio/health/refused?code=empty_title&source=shop.csv").text
    assert "Read all 3 rows again" in listed
    assert ">other.csv <" in listed

    first = mia.post(reread, data={**fields, "refusal": one}, follow_redirects=True).text
    assert "1 row will be read again: within a minute" in first
    assert first.count("Waits</span>") == 1
    assert "1 row waits" in first
    own = {**fields, "source": "shop.csv"}
    assert "2 rows will be read again" in mia.post(reread, data=own, follow_redirects=True).text
    assert "Nothing to read again" in mia.post(reread, data=own, follow_redirects=True).text
    picture = mia.post(reread, data={**fields, "refusal": refused[0]}, follow_redirects=True)
    assert "Nothing to read again" in picture.text
    assert mia.post(reread, data={"refusal": one}).status_code == 400, "without a token"
    with session_scope(engine.database) as session:
        waiting = session.scalars(select(ProductChange).order_by(ProductChange.id)).all()
        assert [(row.action, row.sku) for row in waiting] == [
            ("reread", "S-9"),
            ("reread", ""),
            ("reread", "S-8"),
        ]
        entries = read_trail(session, action="row.reread")[0]
        assert [(e.actor, e.details["rows"]) for e in entries] == [
            ("merchandiser", 2),
            ("merchandiser", 1),
        ]
        waiting[0].state, waiting[0].reason = "refused", "unusable_catalogue"
        waiting[0].detail, waiting[0].settled_at = "There is no catalogue.", waiting[0].received_at
    assert "UTC: There is no catalogue." in mia.get("/studio/health/refused").text


def test_no_row_is_read_again_when_too_many_wait(
    mia: FlaskClient, refused: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search.catalogue.change_inbox, "MOST_WAITING", 0)
    fields = {"csrf_token": token_of(mia, "/studio/health/refused")}
    answer = mia.post("/studio/health/refused/reread", data=fields, follow_redirects=True)
    assert "changes of products wait already" in answer.text


def test_findings_are_shown_with_their_pictures(mia: FlaskClient, surveyed: int) -> None:
    doubles = mia.get("/studio/health/doubles").text
    assert "2 products, 97% alike" in doubles
    assert doubles.count('src="/pictures/') == 2
    assert [row["group"] for row in rows_of(mia, "doubles")] == ["1", "1"]
    category = mia.get("/studio/health/categories").text
    assert "Garden &gt; Rakes" in category
    assert "83% sure" in category
    assert rows_of(mia, "categories")[0]["seen"] == "Garden > Rakes"
    assert "41% of other titles fit better" in mia.get("/studio/health/titles").text


def test_missing_values_of_an_attribute(mia: FlaskClient) -> None:
    page = mia.get("/studio/health/missing?attribute=price").text
    assert "Odd &amp; &#34;quoted&#34; thing" in page
    assert "/studio/products/ODD/1%20%C3%BC" in page
    assert [row["sku"] for row in rows_of(mia, "missing", "?attribute=price")] == ["ODD/1 ü"]
    assert mia.get("/studio/health/missing?attribute=height").status_code == 404


def test_pages_beyond_the_end_are_empty(mia: FlaskClient, surveyed: int) -> None:
    for page in ("9", "-1", "x", "99999999999999999999"):
        assert mia.get(f"/studio/health/titles?page={page}").status_code == 200
    assert "nothing on this page" in mia.get("/studio/health/titles?page=9").text


def test_shoppers_do_not_see_them(client: FlaskClient) -> None:
    for name in LISTS:
        assert client.get(f"/studio/health/{name}").status_code == 303
        assert client.get(f"/studio/health/{name}.csv").status_code == 303
