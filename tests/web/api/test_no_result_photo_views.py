"""Keeping a photo over HTTP: only with consent, only if nothing was found, only one's own."""

import io
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from search.database.connection import session_scope
from search.database.models import SearchEvent
from search.engine.search_engine import SearchEngine
from search.settings import Settings
from search.traffic.no_result_photos import AskedPhotos
from tests.support.shops.plain_shop import photo
from web.errors import PROBLEM_JSON

PHOTOS = "/api/v1/photos"


@pytest.fixture
def agreeing(app: Flask) -> FlaskClient:
    client = app.test_client()
    client.set_cookie("photos", "yes")
    return client


@pytest.fixture
def unmet(
    client: FlaskClient, engine: SearchEngine, shop_settings: Settings
) -> Iterator[dict[str, Any]]:
    """A photo search that found nothing; a kept photo is removed afterwards."""
    fields = {"photo": (io.BytesIO(photo("Plate", "red")), "a.jpg"), "keep": "1"}
    found = client.post("/api/v1/search", data=fields).json
    with session_scope(engine.database) as session:
        session.get_one(SearchEvent, found["event_id"]).verdict = "nothing"
    yield {"event_id": found["event_id"], "photo": found["photo"]}
    name = named(engine, found["event_id"])
    if name:
        AskedPhotos(shop_settings.root).remove(name)


def named(engine: SearchEngine, event_id: int) -> str | None:
    with session_scope(engine.database) as session:
        return session.get_one(SearchEvent, event_id).photo


def files(settings: Settings) -> int:
    return len(list((settings.root / "asked").glob("*")))


def test_a_photo_is_kept_once(
    agreeing: FlaskClient, engine: SearchEngine, shop_settings: Settings, unmet: dict[str, Any]
) -> None:
    before = files(shop_settings)
    assert agreeing.post(PHOTOS, json=unmet).json == {"kept": True}
    assert agreeing.post(PHOTOS, json=unmet).json == {"kept": False}
    name = named(engine, unmet["event_id"])
    assert name is not None
    assert AskedPhotos(shop_settings.root).path(name) is not None
    assert files(shop_settings) == before + 1


@pytest.mark.parametrize(
    ("cookie", "headers"),
    [
        (None, {}),
        (("photos", "no"), {}),
        (("clicks", "yes"), {}),
        (("photos", "yes"), {"DNT": "1"}),
        (("photos", "yes"), {"Sec-GPC": "1"}),
    ],
)
def test_without_consent_nothing_is_kept(
    app: Flask,
    engine: SearchEngine,
    unmet: dict[str, Any],
    cookie: tuple[str, str] | None,
    headers: dict[str, str],
) -> None:
    client = app.test_client()
    if cookie is not None:
        client.set_cookie(*cookie)
    answer = client.post(PHOTOS, json=unmet, headers=headers)
    assert (answer.status_code, answer.mimetype) == (403, PROBLEM_JSON)
    assert "no photo is kept" in answer.text.casefold()
    assert named(engine, unmet["event_id"]) is None


def test_what_found_something_keeps_no_photo(
    agreeing: FlaskClient, engine: SearchEngine, shop_settings: Settings, unmet: dict[str, Any]
) -> None:
    with session_scope(engine.database) as session:
        session.get_one(SearchEvent, unmet["event_id"]).verdict = "close"
    before = files(shop_settings)
    assert agreeing.post(PHOTOS, json=unmet).json == {"kept": False}
    assert files(shop_settings) == before, "no file is left behind"


def test_unknown_events_and_photos(
    agreeing: FlaskClient, shop_settings: Settings, unmet: dict[str, Any]
) -> None:
    before = files(shop_settings)
    assert agreeing.post(PHOTOS, json=unmet | {"event_id": 10**9}).status_code == 404
    assert agreeing.post(PHOTOS, json=unmet | {"photo": "0" * 32}).status_code == 400
    assert agreeing.post(PHOTOS, json=unmet | {"photo": "../x"}).status_code == 422
    assert files(shop_settings) == before
