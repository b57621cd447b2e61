"""Gaps: searches that found nothing, and photos that only merchandisers may see."""

import csv
import io
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, select

from search.database.connection import session_scope
from search.database.models import Product, SavedDescription, SearchEvent
from search.engine.search_engine import SearchEngine
from search.settings import Settings
from search.traffic.no_result_photos import AskedPhotos
from tests.support.factories import make_picture
from tests.support.staff import log_in, token_of


@pytest.fixture
def photo_name(shop_settings: Settings) -> Iterator[str]:
    photos = AskedPhotos(shop_settings.root)
    name = photos.keep(make_picture(3))
    yield name
    photos.remove(name)


@pytest.fixture
def mia(app: Flask, engine: SearchEngine, photo_name: str) -> Iterator[FlaskClient]:
    """A merchandiser's client, after some failed searches; all events are removed afterwards."""
    with session_scope(engine.database) as session:
        session.execute(delete(SearchEvent))
        product = session.scalar(select(Product.id).where(Product.sku == "PLATE-RED"))
        values = {"page": 1, "total": 3, "shown": [[product, 0.2, 1]], "elapsed_ms": 1.0}
        values |= {"verdict": "nothing"}
        narrow = {"colours": ["green"], "max_price_cents": 5000, "in_stock": True}
        for text in ("<b>hammock</b>", "<B>Hammock</B>"):
            session.add(SearchEvent(kind="text", text=text, filters=narrow, **values))
        session.add(SearchEvent(kind="photo", text=None, filters={}, photo=photo_name, **values))
        session.add(SearchEvent(kind="photo", text=None, filters={}, **values))
    yield log_in(app, "merchandiser")
    with session_scope(engine.database) as session:
        for table in (SearchEvent, SavedDescription):
            session.execute(delete(table))


def test_words_with_filters_and_what_was_shown(mia: FlaskClient) -> None:
    page = mia.get("/studio/gaps").text
    assert "&lt;b&gt;hammock&lt;/b&gt;" in page
    assert "twice, last" in page
    for word in ("green", "up to 50.00", "in stock"):
        assert f'<li class="mark">{word}</li>' in page
    assert 'alt="Red plate"' in page
    assert "/studio?text=" in page


def test_a_gap_becomes_a_description(mia: FlaskClient) -> None:
    token = token_of(mia, "/studio/gaps")
    fields = {"csrf_token": token, "text": "red plate"}
    answer = mia.post("/studio/saved", data=fields, follow_redirects=True)
    assert "“red plate”" in answer.text


def test_photos_are_counted_and_shown(mia: FlaskClient, photo_name: str) -> None:
    page = mia.get("/studio/gaps?about=photos").text
    assert "2 photo searches found nothing close; 1 with the photo" in page
    photo = mia.get(f"/studio/gaps/photos/{photo_name}")
    assert (photo.status_code, photo.mimetype) == (200, "image/jpeg")
    assert photo.headers["Cache-Control"] == "private, no-store"
    assert mia.get("/studio/gaps/photos/secret_key").status_code == 404


def test_nobody_else_sees_a_photo(
    mia: FlaskClient, app: Flask, client: FlaskClient, photo_name: str
) -> None:
    assert client.get(f"/studio/gaps/photos/{photo_name}").status_code == 303
    assert log_in(app, "operator").get(f"/studio/gaps/photos/{photo_name}").status_code == 403


def test_files(mia: FlaskClient) -> None:
    rows = {}
    for about in ("nothing", "photos", "unopened"):
        answer = mia.get(f"/studio/gaps.csv?about={about}&days=7")
        rows[about] = list(csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff"))))
    assert [(r["text"], r["times"], r["shown_first"]) for r in rows["nothing"]] == [
        ("<b>hammock</b>", "2", "PLATE-RED")
    ]
    assert len(rows["photos"]) == 1
    assert rows["unopened"] == []


def test_odd_addresses_show_the_usual(mia: FlaskClient) -> None:
    for query in ("about=x", "days=-4", "days=x", "about=unopened", "page=7"):
        assert mia.get(f"/studio/gaps?{query}").status_code == 200
