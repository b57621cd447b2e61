"""A product's page in the studio: its values, and correcting them."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete
from werkzeug.test import TestResponse

from search.database.audit_trail import read_trail
from search.database.connection import session_scope
from search.database.models import ProductAttribute
from search.engine.search_engine import SearchEngine
from tests.support.shops.plain_shop import ODD_SKU, ODD_TITLE
from tests.support.staff import log_in, token_of

PAGE = "/studio/products/PLATE-RED"


@pytest.fixture
def studio(app: Flask, engine: SearchEngine) -> Iterator[FlaskClient]:
    """A merchandiser's client; its edits are undone afterwards."""
    yield log_in(app, "merchandiser")
    with session_scope(engine.database) as session:
        by_hand = ProductAttribute.source == "merchandiser"
        session.execute(delete(ProductAttribute).where(by_hand))


def send(client: FlaskClient, path: str = PAGE, **fields: str) -> TestResponse:
    form = {"csrf_token": token_of(client, path), "do": "set", "seen": ""} | fields
    return client.post(path, data=form)


def as_shoppers_know(client: FlaskClient) -> dict[str, Any]:
    return dict(client.get("/api/v1/products/PLATE-RED").json or {})


def test_all_of_a_product_is_shown(studio: FlaskClient) -> None:
    page = studio.get(PAGE).text
    assert "240 × 240" in page
    assert "made to last" in page
    assert "https://shop.example/Plate/red" in page
    assert "the next build" in page
    assert studio.get("/studio/products/NOPE").status_code == 404


def test_odd_skus_have_pages_too(studio: FlaskClient) -> None:
    answer = studio.get(f"/studio/products/{ODD_SKU}")
    assert answer.status_code == 200
    assert ODD_TITLE.replace("&", "&amp;").replace('"', "&#34;") in answer.text


def test_an_edit_shows_on_every_page_at_once(studio: FlaskClient, app: Flask) -> None:
    answer = send(studio, name="colour", value="Wine red")
    assert (answer.status_code, answer.location) == (303, PAGE)
    page = studio.get(PAGE).text
    assert "Colour is now Wine red" in page
    assert "<strong>merchandiser</strong>" in page
    assert 'name="seen" value="Wine red"' in page
    shopper = app.test_client()
    assert "Wine red" in shopper.get("/products/PLATE-RED").text
    known = as_shoppers_know(shopper)
    assert known["colour"] == "Wine red"
    assert {"name": "colour", "value": "Wine red", "confidence": 1.0, "source": "merchandiser"} in (
        known["attributes"]
    )
    assert "Wine red" in studio.get("/studio?colour=wine+red").text, "the list goes by it as well"

    assert send(studio, name="colour", do="remove", seen="Wine red").status_code == 303
    assert as_shoppers_know(shopper)["colour"] == "red"


def test_edits_are_in_the_trail_under_the_editors_name(
    studio: FlaskClient, engine: SearchEngine
) -> None:
    send(studio, name="pattern", value="striped")
    with session_scope(engine.database) as session:
        (entry, *_), _ = read_trail(session, action="attribute.set", subject="PLATE-RED")
    assert entry.actor == "merchandiser"
    assert entry.details == {"attribute": "pattern", "before": None, "after": "striped"}


def test_the_second_of_two_editors_is_told(studio: FlaskClient, app: Flask) -> None:
    other = log_in(app, "admin")
    assert send(other, name="colour", value="navy").status_code == 303

    answer = send(studio, name="colour", value="teal", seen="")

    assert answer.status_code == 409
    assert "admin set colour to navy while you were editing" in answer.text
    assert 'value="teal"' in answer.text, "what was typed is not lost"
    assert 'name="seen" value="navy"' in answer.text, "saving again is possible now"
    assert send(studio, name="colour", value="teal", seen="navy").status_code == 303


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": "pattern", "value": "wobbly"}, "no pattern that the vocabulary knows"),
        ({"name": "brand", "value": "Acme"}, "brand is no attribute"),
        ({"name": "colour", "do": "remove"}, "nothing to remove"),
        ({"name": "colour", "value": " "}, "Give a colour"),
    ],
)
def test_what_can_not_be_kept_is_refused_in_words(
    studio: FlaskClient, fields: dict[str, str], said: str
) -> None:
    answer = send(studio, **fields)
    assert answer.status_code == 400
    assert said in answer.text


def test_only_merchandisers_edit_and_only_with_their_own_form(app: Flask) -> None:
    operator = log_in(app, "operator")
    token = token_of(operator, "/password")
    fields = {"csrf_token": token, "name": "colour", "value": "teal", "seen": ""}
    assert operator.post(PAGE, data=fields).status_code == 403
    fields.pop("csrf_token")
    assert log_in(app, "merchandiser").post(PAGE, data=fields).status_code == 400
