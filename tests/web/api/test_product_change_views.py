"""Products sent and withdrawn through the API: accepted, refused at once, and their outcome."""

import hashlib
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, select
from werkzeug.test import TestResponse

import search.catalogue.change_inbox
from search.database.audit_trail import read_trail
from search.database.connection import session_scope
from search.database.models import ProductChange
from search.pictures.sent_store import SentPictures, prune_sent_pictures
from tests.support.api_programs import make_key
from tests.support.shops.plain_shop import photo
from tests.web.api.test_api import problem
from web.state import WebState

CHANGES = "/api/v1/changes"
MUG = {"title": "Red mug", "price": 12.5, "image": "https://shop.example/mug.jpg"}


@pytest.fixture
def state(app: Flask) -> Iterator[WebState]:
    state: WebState = app.extensions["findalike"]
    yield state
    with session_scope(state.engine.database) as session:
        session.execute(delete(ProductChange))


@pytest.fixture
def key(app: Flask, state: WebState) -> tuple[str, dict[str, str]]:
    return make_key(app, "catalogue")


@pytest.fixture
def header(key: tuple[str, dict[str, str]]) -> dict[str, str]:
    return key[1]


def put(client: FlaskClient, header: dict[str, str], at: str = "MUG-1", **fields: Any) -> Any:
    return client.put(f"/api/v1/products/{at}", json=MUG | fields, headers=header)


def send(
    client: FlaskClient, header: dict[str, str], *files: bytes, product: str | None = None
) -> TestResponse:
    given = {"title": "Red mug"} if product is None else product
    text = given if isinstance(given, str) else json.dumps(given)
    pictures = [(io.BytesIO(content), f"{n}.jpg") for n, content in enumerate(files)]
    return client.put(
        "/api/v1/products/MUG-1",
        data={"product": text, "picture": pictures},
        headers=header,
        content_type="multipart/form-data",
    )


def record(state: WebState, change_id: int) -> dict[str, Any]:
    with session_scope(state.engine.database) as session:
        found = session.get_one(ProductChange, change_id).record
        assert found is not None
        return found


def test_a_product_is_sent_followed_and_withdrawn(
    client: FlaskClient, state: WebState, key: tuple[str, dict[str, str]]
) -> None:
    name, header = key
    sent = put(client, header)

    assert sent.status_code == 202
    assert sent.json["state"] == "waiting"
    assert sent.headers["Location"] == f"{CHANGES}/{sent.json['id']}"
    assert client.get(sent.headers["Location"], headers=header).json == sent.json
    assert record(state, sent.json["id"]) == {**MUG, "sku": "MUG-1", "image": [MUG["image"]]}
    gone = client.delete("/api/v1/products/MUG-1", headers=header)
    assert (gone.status_code, gone.json["action"]) == (202, "delete")
    listed = client.get(f"{CHANGES}?sku=MUG-1", headers=header).json
    assert listed["changes"] == [gone.json, sent.json]
    assert client.get(f"{CHANGES}?state=done", headers=header).json["total"] == 0
    with session_scope(state.engine.database) as session:
        entries, _ = read_trail(session, actor=f"key:{name}")
    assert [(e.action, e.subject, e.details["change"]) for e in entries] == [
        ("product.delete", "MUG-1", gone.json["id"]),
        ("product.put", "MUG-1", sent.json["id"]),
    ]


def test_changes_come_in_pages(client: FlaskClient, header: dict[str, str]) -> None:
    for number in range(3):
        put(client, header, f"M-{number}")

    first = client.get(f"{CHANGES}?k=2", headers=header)
    assert [change["sku"] for change in first.json["changes"]] == ["M-2", "M-1"]
    assert f'<{CHANGES}?k=2&page=2>; rel="next"' in first.headers["Link"]
    problem(client.get(f"{CHANGES}/999999", headers=header), 404)
    problem(client.get(f"{CHANGES}/{2**63}", headers=header), 404)


def test_a_sku_is_read_as_a_catalogues_is(client: FlaskClient, header: dict[str, str]) -> None:
    spaced = put(client, header, "A%20%20cafe%CC%81/1%20")
    assert spaced.json["sku"] == "A café/1"
    assert put(client, header, "A%20caf%C3%A9/1", sku="A  café/1").status_code == 202
    withdrawn = client.delete("/api/v1/products/A%20%20caf%C3%A9/1", headers=header)
    assert withdrawn.json["sku"] == "A café/1"


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"title": ""}, "title"),
        ({"title": None}, "title"),
        ({"title": "x" * 501}, "title"),
        ({"title": "a\x00b"}, "title"),
        ({"title": "half \ud83d"}, "title"),
        ({"price": True}, "price"),
        ({"price": -1}, "price"),
        ({"price": [1]}, "price"),
        ({"in_stock": {}}, "in_stock"),
        ({"image": []}, "image"),
        ({"image": "/etc/passwd"}, "image.0"),
        ({"image": ["https://s.example/a.jpg", "file:///etc/passwd"]}, "image.1"),
        ({"image": ["data:image/png;base64,AAAA"]}, "image.0"),
        ({"sku": "MUG-2"}, "sku"),
        ({"colour_name": "red"}, "colour_name"),
    ],
)
def test_what_can_be_told_is_refused_at_once(
    client: FlaskClient, state: WebState, header: dict[str, str], fields: Any, named: str
) -> None:
    refused = problem(put(client, header, **fields), 422)["errors"]

    assert [error["field"] for error in refused] == [named]
    with session_scope(state.engine.database) as session:
        assert session.scalar(select(ProductChange.id)) is None


@pytest.mark.parametrize("sku", ["%20", "x" * 201, "a%00b"])
def test_a_sku_that_no_product_has_is_refused(
    client: FlaskClient, header: dict[str, str], sku: str
) -> None:
    assert problem(put(client, header, sku), 422)["errors"][0]["field"] == "sku"
    problem(client.delete(f"/api/v1/products/{sku}", headers=header), 422)


def test_pictures_are_sent_with_the_product(
    client: FlaskClient, state: WebState, header: dict[str, str]
) -> None:
    red, blue = photo("Plate", "red"), photo("Plate", "blue", "PNG")
    product = json.dumps({"title": "Plate", "image": "https://shop.example/third.jpg"})

    sent = send(client, header, red, blue, product=product)

    assert sent.status_code == 202
    first, second, third = record(state, sent.json["id"])["image"]
    assert third == "https://shop.example/third.jpg"
    folder = state.settings.root / "sent"
    assert Path(first) == folder / f"{hashlib.sha256(red).hexdigest()}.jpg"
    assert Path(second) == folder / f"{hashlib.sha256(blue).hexdigest()}.png"
    assert Path(first).read_bytes() == red
    before = Path(first).stat().st_mtime_ns
    assert send(client, header, red).status_code == 202
    assert Path(first).stat().st_mtime_ns == before, "the same picture, not a changed one"
    assert not list(folder.glob(".*"))


def test_what_cannot_be_a_product_with_pictures_is_refused(
    client: FlaskClient, header: dict[str, str]
) -> None:
    red = photo("Plate", "red")
    assert problem(send(client, header, red[:200]), 422)["reason"] == "truncated"
    assert problem(send(client, header, b"<html>"), 422)["reason"] == "not_a_picture"
    assert problem(send(client, header), 422)["errors"][0]["field"] == "image"
    broken = problem(send(client, header, red, product="{"), 422)
    assert broken["errors"][0]["field"] == "product"
    nameless = problem(send(client, header, red, product="{}"), 422)
    assert nameless["errors"][0]["field"] == "product.title"
    text = client.put("/api/v1/products/A", data="x", content_type="text/plain", headers=header)
    assert "multipart/form-data with pictures" in problem(text, 415)["detail"]
    problem(
        client.put("/api/v1/products/A", data="{", content_type="application/json", headers=header),
        400,
    )


def test_pictures_that_nothing_names_are_removed(
    client: FlaskClient, state: WebState, header: dict[str, str]
) -> None:
    root, database = state.settings.root, state.engine.database
    named = Path(record(state, send(client, header, photo("Tray", "red")).json["id"])["image"][0])
    pictures = SentPictures(root)
    nameless = pictures.keep(photo("Tray", "pink"), max_pixels=10**6)

    assert prune_sent_pictures(database, root) == 0, "too young to tell"
    for path in (named, nameless):
        old = path.stat().st_mtime - 7200
        os.utime(path, (old, old))
    pictures.keep(nameless.read_bytes(), max_pixels=10**6)
    assert prune_sent_pictures(database, root) == 0, "sent again a moment ago"
    os.utime(nameless, (old, old))
    assert prune_sent_pictures(database, root) == 1
    assert named.is_file()
    assert not nameless.exists()


def test_nothing_is_taken_when_nobody_settles(
    client: FlaskClient, header: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(search.catalogue.change_inbox.put_product.__kwdefaults__, "most", 1)
    monkeypatch.setitem(search.catalogue.change_inbox.delete_product.__kwdefaults__, "most", 1)
    assert put(client, header).status_code == 202

    full = put(client, header)

    assert problem(full, 503)["type"] == "urn:findalike:problem:too-many-changes"
    assert int(full.headers["Retry-After"]) > 0
    problem(client.delete("/api/v1/products/MUG-1", headers=header), 503)


@pytest.mark.usefixtures("state")
def test_it_needs_the_scope(app: Flask, client: FlaskClient) -> None:
    _, wrong = make_key(app, "search", "merchandise", "operate")
    for given, status in (({}, 401), (wrong, 403)):
        problem(put(client, given), status)
        problem(client.delete("/api/v1/products/MUG-1", headers=given), status)
