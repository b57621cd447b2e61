"""Searching by a picture's web address, on the page and in the API."""

from collections.abc import Iterator
from typing import Literal

import pytest
from flask.testing import FlaskClient

from search.engine.search_engine import SearchEngine
from search.settings import Settings
from tests.support.servers.loopback_site import Page, Site, serving
from tests.support.shops.plain_shop import photo
from tests.web.conftest import Client
from web import create_app

SEARCH = "/api/v1/search"


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """Another site with a picture of a red plate."""
    pages = {
        "/plate.jpg": Page(photo("Plate", "red"), headers={"Content-Type": "image/jpeg"}),
        "/plate": Page(
            b"<!doctype html><title>Plate</title>", headers={"Content-Type": "text/html"}
        ),
        "/locked.jpg": Page(status=403),
        "/words.jpg": Page(b"no picture at all"),
    }
    with serving(pages) as site:
        yield site


def open_client(
    settings: Settings, engine: SearchEngine, allowed: Literal["public", "any", "off"]
) -> FlaskClient:
    app = create_app(settings.model_copy(update={"photo_addresses": allowed}), engine)
    app.test_client_class = Client
    return app.test_client()


@pytest.fixture(scope="module")
def anywhere(shop_settings: Settings, engine: SearchEngine) -> FlaskClient:
    """A client of a shop that fetches pictures from any host."""
    return open_client(shop_settings, engine, "any")


def test_the_picture_at_an_address_is_searched_and_kept(anywhere: FlaskClient, site: Site) -> None:
    answer = anywhere.post("/search", data={"photo_url": f" {site.address}/plate.jpg "})

    assert answer.status_code == 303
    assert "photo=" in answer.location
    page = anywhere.get(answer.location)
    assert page.text.index("Red plate") < page.text.index("Green plate")


def test_an_address_among_the_words_is_meant_as_one(anywhere: FlaskClient, site: Site) -> None:
    answer = anywhere.post("/search", data={"text": f"{site.address}/plate.jpg"})

    assert "photo=" in answer.location
    assert "text=" not in answer.location


def test_words_go_along(anywhere: FlaskClient, site: Site) -> None:
    sent = {"text": "in green", "photo_url": f"{site.address}/plate.jpg"}

    assert "text=in+green&photo=" in anywhere.post("/search", data=sent).location


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/plate", "address of a web page"),
        ("/locked.jpg", "does not hand out this picture"),
        ("/words.jpg", "not a picture that can be read"),
    ],
)
def test_what_is_no_picture_is_explained(
    anywhere: FlaskClient, site: Site, path: str, said: str
) -> None:
    page = anywhere.post("/search", data={"photo_url": f"{site.address}{path}"})

    assert page.status_code == 422
    assert said in page.text
    assert f'value="{site.address}{path}"' in page.text


def test_the_api_takes_addresses_in_json_and_in_forms(anywhere: FlaskClient, site: Site) -> None:
    asked = {"photo_url": f"{site.address}/plate.jpg", "k": 3}

    in_json = anywhere.post(SEARCH, json={**asked, "keep": True}).json
    in_form = anywhere.post(SEARCH, data=asked).json

    assert in_json["hits"][0]["product"]["sku"] == "PLATE-RED"
    assert in_form["hits"][0]["product"]["sku"] == "PLATE-RED"
    assert in_form["photo"] is None
    again = anywhere.post(SEARCH, json={"photo": in_json["photo"], "k": 3}).json
    assert again["hits"][0]["product"]["sku"] == "PLATE-RED"


def test_a_photo_and_an_address_contradict_each_other(anywhere: FlaskClient) -> None:
    refused = anywhere.post(SEARCH, json={"photo": "0" * 32, "photo_url": "https://a.example/b"})

    assert refused.status_code == 400
    assert "not both" in refused.json["detail"]


def test_only_the_public_internet_is_asked(client: FlaskClient, site: Site) -> None:
    before = len(site.asked)
    for address in (site.address, "http://127.0.0.1", "http://localhost"):
        refused = client.post(SEARCH, json={"photo_url": f"{address}/plate.jpg"})

        assert refused.status_code == 422
        assert refused.json["reason"] in ("private_address", "bad_address")
    assert len(site.asked) == before


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "javascript:alert(1)", "x.jpg", "http://"]
)
def test_other_schemes_are_refused(anywhere: FlaskClient, address: str) -> None:
    assert anywhere.post(SEARCH, json={"photo_url": address}).json["reason"] == "bad_address"


def test_where_none_are_taken(shop_settings: Settings, engine: SearchEngine, site: Site) -> None:
    closed = open_client(shop_settings, engine, "off")

    assert "photo_url" not in closed.get("/").text
    refused = closed.post(SEARCH, json={"photo_url": f"{site.address}/plate.jpg"})
    assert refused.json["reason"] == "no_addresses"
    words = closed.post("/search", data={"text": f"{site.address}/plate.jpg"})
    assert "text=http" in words.location
