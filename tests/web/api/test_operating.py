"""Operators' requests: status, jobs, generations; and pages of hits with their links."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.api_programs import make_key
from tests.support.shops.plain_shop import PRODUCTS, photo
from tests.web.api.test_api import SEARCH, problem, send, skus

LINK = re.compile(r'<([^>]+)>; rel="(\w+)"')


def links(response: TestResponse) -> dict[str, str]:
    """Return the addresses in a `Link` header by their relation."""
    return {name: address for address, name in LINK.findall(response.headers.get("Link", ""))}


@pytest.fixture
def header(app: Flask) -> dict[str, str]:
    return make_key(app, "operate")[1]


def test_the_status(client: FlaskClient, header: dict[str, str]) -> None:
    status = client.get("/api/v1/status", headers=header).json

    assert status["products"] == len(PRODUCTS)
    assert status["live"]["manifest"]["products"] == len(PRODUCTS)
    assert status["queued_tasks"] == 0
    assert {job["kind"] for job in status["jobs"]} >= {"ingest", "encode", "build"}
    assert "home" not in status, "folders of the machine are nobody's business"


def test_jobs(client: FlaskClient, header: dict[str, str]) -> None:
    jobs = client.get("/api/v1/jobs?k=100", headers=header).json
    numbers = [job["id"] for job in jobs["jobs"]]

    assert numbers == sorted(numbers, reverse=True)
    assert jobs["total"] == len(numbers) >= 3
    builds = client.get("/api/v1/jobs?kind=build&state=done&k=1", headers=header)
    assert [job["kind"] for job in builds.json["jobs"]] == ["build"]
    assert client.get("/api/v1/jobs?state=running", headers=header).json["total"] == 0
    one = client.get(f"/api/v1/jobs/{numbers[-1]}", headers=header).json
    assert one == jobs["jobs"][-1]
    assert one["report"]
    missing = problem(client.get("/api/v1/jobs/999999", headers=header), 404)
    assert "999999" in missing["detail"]


def test_generations(client: FlaskClient, header: dict[str, str]) -> None:
    found = client.get("/api/v1/generations", headers=header).json

    assert [one["state"] for one in found["generations"]].count("live") == 1
    assert found["generations"][0]["manifest"]["products"] == len(PRODUCTS)
    assert (found["total"], found["page"], found["pages"]) == (len(found["generations"]), 1, 1)


def test_links_lead_through_all_hits(client: FlaskClient) -> None:
    asked = {"text": "plate", "k": 10, "in_stock": False, "colour": ["red", "blue"], "fold": False}
    first = client.post(SEARCH, json=asked)
    seen, answer = skus(first), first

    assert links(first).keys() == {"first", "next", "last"} - (
        {"next", "last", "first"} if first.json["pages"] == 1 else set()
    )
    while "next" in links(answer):
        answer = client.get(links(answer)["next"])
        seen += skus(answer)
    assert len(seen) == len(set(seen)) == first.json["total"]


def test_links_keep_what_was_asked(client: FlaskClient) -> None:
    first = client.post(SEARCH, json={"text": "a plate & more", "k": 3, "max_price": "99.50"})

    again = client.get(links(first)["first"])
    assert skus(again) == skus(first)
    assert again.json["k"] == 3
    third = client.get(links(first)["next"].replace("page=2", "page=3"))
    assert links(third).keys() == {"first", "prev", "next", "last"}
    assert links(third)["prev"] == links(first)["next"]
    assert client.get(links(first)["last"]).json["page"] == first.json["pages"]


def test_a_kept_photo_leads_on_and_another_does_not(client: FlaskClient) -> None:
    kept = send(client, photo("Plate", "red"), k=5, keep="true", box="0,0,1,1")
    sent_once = send(client, photo("Plate", "red"), k=5)

    assert links(sent_once) == {}
    second = client.get(links(kept)["next"])
    assert second.json["photo"] == kept.json["photo"]
    assert not set(skus(second)) & set(skus(kept))
    assert second.json["hits"][0]["rank"] == 6


def test_similar_products_have_pages(client: FlaskClient) -> None:
    first = client.get("/api/v1/products/PLATE-RED/similar?k=4&brand=Nordlys")

    assert links(first)["next"] == "/api/v1/products/PLATE-RED/similar?brand=Nordlys&k=4&page=2"
    assert not set(skus(client.get(links(first)["next"]))) & set(skus(first))


@pytest.mark.parametrize("path", ["/api/v1/products/PLATE-RED", "/api/v1/openapi.json"])
def test_what_did_not_change_is_not_sent_again(client: FlaskClient, path: str) -> None:
    first = client.get(path)
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})

    assert (again.status_code, again.text) == (304, "")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200
    assert "ETag" not in client.post(SEARCH, json={"text": "plate"}).headers


def test_a_search_by_address_is_the_same(client: FlaskClient) -> None:
    by_body = client.post(SEARCH, json={"text": "red plate", "k": 4})
    by_address = client.get(f"{SEARCH}?text=red+plate&k=4")
    nonsense = client.get(f"{SEARCH}?text=plate&colour=red&catgory=Home")

    assert skus(by_address) == skus(by_body)
    assert problem(nonsense, 422)["errors"][0]["field"] == "catgory"
