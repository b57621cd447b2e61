"""The JSON API over a real index: hits, and refusals."""

import io
import zlib
from typing import Any

import jsonschema
import pytest
from flask import Flask
from flask.testing import FlaskClient
from openapi_spec_validator import OpenAPIV31SpecValidator
from PIL import Image
from werkzeug.test import TestResponse

from tests.support.shops.plain_shop import ODD_SKU, ODD_TITLE, PRODUCTS, draw, photo
from web import create_app
from web.errors import PROBLEM_JSON

SEARCH = "/api/v1/search"


def send(client: FlaskClient, content: bytes | None = None, **fields: Any) -> TestResponse:
    """Post a form, with a photo if there is one."""
    if content is not None:
        fields["photo"] = (io.BytesIO(content), "photo.jpg")
    return client.post(SEARCH, data=fields, content_type="multipart/form-data")


def skus(response: TestResponse) -> list[str]:
    assert response.status_code == 200, response.text
    return [hit["product"]["sku"] for hit in response.json["hits"]]


def problem(response: TestResponse, status: int) -> dict[str, Any]:
    """Check that a response is a problem document with this status, and return it."""
    assert response.status_code == status, response.text
    assert response.content_type == PROBLEM_JSON
    assert response.json["status"] == status
    assert response.json["title"]
    assert response.json["detail"]
    return dict(response.json)


def test_a_photo_finds_the_thing_itself(client: FlaskClient) -> None:
    found = send(client, photo("Plate", "red"), k=5)

    assert skus(found)[0] == "PLATE-RED"
    assert found.json["kind"] == "photo"
    similarities = [hit["similarity"] for hit in found.json["hits"]]
    assert similarities[0] > 0.5
    assert all(-1 <= similarity <= 1 for similarity in similarities)


def test_words_find_things(client: FlaskClient) -> None:
    found = client.post(SEARCH, json={"text": "yellow", "k": 25})

    assert found.json["kind"] == "text"
    assert set(skus(found)) == {thing.sku for thing in PRODUCTS}
    assert found.json["total"] == len(PRODUCTS)
    assert [hit["rank"] for hit in found.json["hits"]] == list(range(1, 26))


def test_photo_and_words_work_together(client: FlaskClient) -> None:
    alone = send(client, photo("Cushion", "blue"))
    both = send(client, photo("Cushion", "blue"), text="a round plate")

    assert both.json["kind"] == "both"
    assert skus(both) != skus(alone)


def test_a_box_looks_at_one_part(client: FlaskClient) -> None:
    scene = Image.new("RGB", (640, 320))
    for left, part in ((0, photo("Pennant", "green")), (320, photo("Plate", "pink"))):
        scene.paste(Image.open(io.BytesIO(part)), (left, 0))
    content = io.BytesIO()
    scene.save(content, "PNG")

    left = send(client, content.getvalue(), box="0,0,0.5,1")
    right = send(client, content.getvalue(), box="0.5,0,0.5,1")

    assert skus(left)[0] == "PENNANT-GREEN"
    assert skus(right)[0] == "PLATE-PINK"


def test_filters_narrow_the_search(client: FlaskClient) -> None:
    found = client.post(
        SEARCH,
        json={
            "text": "something",
            "category": ["Home"],
            "brand": ["nordlys"],
            "min_price": 11,
            "max_price": "42.50",
            "in_stock": True,
        },
    )

    wanted = {
        thing.sku
        for thing in PRODUCTS
        if thing.category.startswith("Home")
        and thing.brand == "Nordlys"
        and 11 <= float(thing.price) <= 42.5
        and thing.in_stock
    }
    assert len(wanted) > 3
    assert set(skus(found)) == wanted
    assert found.json["total"] == len(wanted)


def test_a_filter_given_twice_means_either(client: FlaskClient) -> None:
    found = send(client, text="thing", colour=["red", "Blue"])

    assert {hit["product"]["colour"] for hit in found.json["hits"]} == {"red", "blue"}
    assert found.json["total"] == 8
    assert {value["value"] for value in found.json["facets"]["colour"]} == {"red", "blue"}


def test_pages_do_not_overlap_and_leave_nothing_out(client: FlaskClient) -> None:
    pages = [
        skus(client.post(SEARCH, json={"text": "plate", "k": 10, "page": page}))
        for page in (1, 2, 3, 4)
    ]

    assert [len(page) for page in pages] == [10, 10, len(PRODUCTS) - 20, 0]
    assert len({sku for page in pages for sku in page}) == len(PRODUCTS)


def test_a_kept_photo_can_be_asked_again(client: FlaskClient) -> None:
    first = send(client, photo("Tray", "black"), k=3, keep="true")
    token = first.json["photo"]

    again = client.post(SEARCH, json={"photo": token, "k": 3})

    assert skus(again) == skus(first)
    assert again.json["photo"] == token
    assert send(client, photo("Tray", "black")).json["photo"] is None, "not kept unless asked"


def test_fields_that_nobody_filled_in_do_not_restrict(client: FlaskClient) -> None:
    found = send(client, text="plate", category="", min_price="", in_stock="", box="")

    assert found.json["total"] == len(PRODUCTS)


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"box": "0,0,1"}, "box"),
        ({"box": "0,0,two,1"}, "box"),
        ({"box": "0.5,0,0.6,1"}, "box"),
        ({"box": "0,0,nan,1"}, "box"),
        ({"box": "0,0,0,1"}, "box"),
        ({"min_price": "20", "max_price": "10"}, "min_price"),
    ],
)
def test_nonsense_is_a_bad_request(client: FlaskClient, fields: dict[str, str], word: str) -> None:
    answer = problem(send(client, photo("Plate", "red"), **fields), 400)

    assert word in answer["detail"]
    assert answer["type"] == "urn:findalike:problem:unusable-query"


def test_a_query_must_ask_for_something(client: FlaskClient) -> None:
    assert "photo" in problem(client.post(SEARCH, json={}), 400)["detail"]
    assert "photo" in problem(send(client, text="   "), 400)["detail"]
    assert "box" in problem(send(client, text="plate", box="0,0,1,1"), 400)["detail"]
    assert "NUL" in problem(client.post(SEARCH, json={"text": "a\0b"}), 400)["detail"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"k": 0}, "k"),
        ({"k": 101}, "k"),
        ({"page": "first"}, "page"),
        ({"min_price": -1}, "min_price"),
        ({"max_price": "NaN"}, "max_price"),
        ({"in_stock": "perhaps"}, "in_stock"),
        ({"text": "x" * 2001}, "text"),
        ({"catgory": "Home"}, "catgory"),
        ({"photo": "../secret_key"}, "photo"),
    ],
)
def test_fields_that_cannot_be_used_are_named(
    client: FlaskClient, fields: dict[str, Any], field: str
) -> None:
    by_json = problem(client.post(SEARCH, json={"text": "plate", **fields}), 422)
    by_form = problem(send(client, **{"text": "plate", **fields}), 422)

    assert [error["field"] for error in by_json["errors"]] == [field]
    assert [error["field"] for error in by_form["errors"]] == [field]


def test_a_photo_that_is_gone_is_said_so(client: FlaskClient) -> None:
    answer = problem(client.post(SEARCH, json={"photo": "0" * 32}), 400)

    assert "no longer kept" in answer["detail"]


def huge_png() -> bytes:
    """A PNG whose header promises 60,000 × 60,000 pixels."""
    content = io.BytesIO()
    Image.new("1", (9, 9)).save(content, "PNG")
    header = bytearray(content.getvalue())
    header[16:24] = (60_000).to_bytes(4, "big") * 2
    header[29:33] = zlib.crc32(header[12:29]).to_bytes(4, "big")
    return bytes(header)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"GIF or not, this is a sentence.", "not_a_picture"),
        (photo("Plate", "red")[:1500], "truncated"),
        (huge_png(), "too_large"),
    ],
    ids=["empty", "text", "truncated", "huge"],
)
def test_bad_pictures_are_refused_with_a_reason(
    client: FlaskClient, content: bytes, reason: str
) -> None:
    answer = problem(send(client, content), 422)

    assert answer["reason"] == reason
    assert answer["type"] == "urn:findalike:problem:unusable-picture"


@pytest.mark.parametrize("kind", ["HEIF", "PNG", "WEBP", "TIFF", "AVIF"])
def test_the_content_decides_not_the_name(client: FlaskClient, kind: str) -> None:
    """Phones send HEIC under any name; `send` names every photo `photo.jpg`."""
    assert skus(send(client, photo("Cushion", "green", kind)))[0] == "CUSHION-GREEN"


def test_too_much_is_refused_before_it_is_read(client: FlaskClient) -> None:
    limit = client.application.config["MAX_CONTENT_LENGTH"]

    answer = client.post(
        SEARCH,
        content_type="multipart/form-data; boundary=x",
        environ_overrides={"CONTENT_LENGTH": str(limit + 1)},
    )

    problem(answer, 413)


def test_a_picture_over_the_limit_is_refused(app: Flask) -> None:
    """The form's limit is higher than the picture's, so the picture's is checked separately."""
    state = app.extensions["findalike"]
    strict = create_app(state.settings.model_copy(update={"max_image_bytes": 1024}), state.engine)

    problem(send(strict.test_client(), photo("Plate", "red")), 413)


def test_other_content_is_refused(client: FlaskClient) -> None:
    xml = client.post(SEARCH, data="<search/>", content_type="application/xml")
    assert "multipart/form-data" in problem(xml, 415)["detail"]
    problem(client.post(SEARCH, data="{oops", content_type="application/json"), 400)
    problem(client.post(SEARCH, data="[1]", content_type="application/json"), 422)


def test_unknown_addresses_and_methods(client: FlaskClient) -> None:
    problem(client.get("/api/v1/nothing"), 404)
    refused = client.delete(SEARCH)
    problem(refused, 405)
    assert "POST" in refused.headers["Allow"]


def test_a_product(client: FlaskClient) -> None:
    product = client.get("/api/v1/products/PLATE-RED").json

    assert (product["title"], product["brand"]) == ("Red plate", "Nordlys")
    assert (product["price_cents"], product["currency"]) == (1050, "EUR")
    assert product["category"] == "Home > Tableware > Plates"
    assert len(product["pictures"]) == 2
    assert client.get(product["page"]).status_code == 200
    assert client.get(product["pictures"][0]).mimetype == "image/jpeg"


def test_skus_may_hold_anything(client: FlaskClient) -> None:
    found = client.post(SEARCH, json={"text": "odd", "k": 25}).json["hits"]
    odd = next(hit["product"] for hit in found if hit["product"]["sku"] == ODD_SKU)

    assert client.get(f"/api/v1{odd['page']}").json["title"] == ODD_TITLE
    assert client.get(f"/api/v1{odd['page']}/similar").status_code == 200
    assert odd["price_cents"] is None


def test_unknown_products(client: FlaskClient) -> None:
    assert "NOPE" in problem(client.get("/api/v1/products/NOPE"), 404)["detail"]
    problem(client.get("/api/v1/products/NOPE/similar"), 404)


def test_similar_leaves_the_product_itself_out(client: FlaskClient) -> None:
    found = client.get("/api/v1/products/PLATE-RED/similar?k=24&in_stock=1")

    assert found.json["kind"] == "similar"
    assert "PLATE-RED" not in skus(found)
    assert all(hit["product"]["in_stock"] for hit in found.json["hits"])
    problem(client.get("/api/v1/products/PLATE-RED/similar?page=0"), 422)


def test_nothing_published_yet(empty_client: FlaskClient) -> None:
    answer = empty_client.post(SEARCH, json={"text": "plate"})

    assert problem(answer, 503)["type"] == "urn:findalike:problem:nothing-published"
    assert int(answer.headers["Retry-After"]) > 0


def test_the_description_is_valid_and_true(client: FlaskClient) -> None:
    description = client.get("/api/v1/openapi.json").json

    OpenAPIV31SpecValidator(description).validate()
    assert description["openapi"].startswith("3.1")
    assert set(description["paths"]) == {
        "/api/v1/search",
        "/api/v1/products/{sku}",
        "/api/v1/products/{sku}/similar",
        "/api/v1/changes",
        "/api/v1/changes/{change_id}",
        "/api/v1/clicks",
        "/api/v1/photos",
        "/api/v1/heat",
        "/api/v1/rules",
        "/api/v1/rules/{rule_id}",
        "/api/v1/status",
        "/api/v1/jobs",
        "/api/v1/jobs/{job_id}",
        "/api/v1/generations",
    }
    search = description["paths"]["/api/v1/search"]["post"]
    assert set(search["requestBody"]["content"]) == {"application/json", "multipart/form-data"}
    assert set(search["responses"]["422"]["content"]) == {PROBLEM_JSON}

    heat = description["paths"]["/api/v1/heat"]["get"]["responses"]
    assert set(heat["200"]["content"]) == {"image/png"}
    assert set(heat["409"]["content"]) == {PROBLEM_JSON}

    def check(response: TestResponse, model: str) -> None:
        schema = {
            "$ref": f"#/components/schemas/{model}",
            "components": description["components"],
        }
        jsonschema.Draft202012Validator(schema).validate(response.json)

    check(client.post(SEARCH, json={"text": "plate"}), "ResultsView")
    check(send(client, photo("Plate", "red"), keep="true"), "ResultsView")
    check(client.get("/api/v1/products/PLATE-RED"), "ProductView")
    check(client.post(SEARCH, json={"k": 0}), "Problem")


def test_attributes_are_fields(client: FlaskClient) -> None:
    by_form = send(client, text="thing", material=["silk"], colour="red")
    by_json = client.post(SEARCH, json={"text": "thing", "material": ["Silk"], "colour": "red"})
    nothing = client.post(SEARCH, json={"text": "thing", "material": "silk", "pattern": "floral"})
    alike = client.get("/api/v1/products/PLATE-RED/similar?material=silk&k=10")

    assert skus(by_form) == skus(by_json) == ["PENNANT-RED"]
    assert by_form.json["facets"]["material"] == [{"value": "silk", "count": 1}]
    assert skus(nothing) == []
    assert {sku.split("-")[0] for sku in skus(alike)} == {"PENNANT"}
    assert len(skus(alike)) == 6


def test_unknown_attributes_are_refused(client: FlaskClient) -> None:
    body = problem(client.post(SEARCH, json={"text": "thing", "scent": ["rose"]}), 422)

    assert body["errors"][0]["field"] == "scent"


def test_attributes_say_where_they_come_from(client: FlaskClient) -> None:
    known = client.get("/api/v1/products/PENNANT-RED").json["attributes"]

    said = {(each["name"], each["value"], each["source"]) for each in known}
    assert ("colour", "red", "merchant") in said
    assert ("material", "silk", "title") in said
    assert all(0 <= each["confidence"] <= 1 for each in known)
    assert len({each["name"] for each in known}) == len(known)


def test_the_description_names_attribute_fields(client: FlaskClient) -> None:
    schemas = client.get("/api/v1/openapi.json").json["components"]["schemas"]

    for name in ("JsonSearch", "FormSearch"):
        assert {"pattern", "material", "colour"} <= schemas[name]["properties"].keys()
        assert "attributes" not in schemas[name]["properties"]


def test_hits_say_why_and_photos_what_was_seen(client: FlaskClient) -> None:
    words = client.post(SEARCH, json={"text": "PLATE-RED"}).json
    seen = send(client, photo("Plate", "red"), keep="true", box="0.05,0.05,0.9,0.9").json

    assert {"kind": "sku", "text": "Its article number is what you typed."} in words["hits"][0][
        "why"
    ]
    assert words["hits"][0]["heat"] is None
    assert words["regions"] == []
    assert words["looked_at"] is None
    assert [reason["kind"] for reason in seen["hits"][0]["why"]].count("parts") == 1
    assert seen["looked_at"] == [0.05, 0.05, 0.9, 0.9]
    assert seen["hits"][0]["heat"].startswith(f"/api/v1/heat?photo={seen['photo']}&image_id=")
    assert client.get(seen["hits"][0]["heat"]).mimetype == "image/png"
    assert all(len(region["box"]) == 4 and not region["chosen"] for region in seen["regions"])


def test_without_a_box_the_best_region_is_chosen(client: FlaskClient) -> None:
    content = io.BytesIO()
    ground = Image.new("RGB", (480, 480), "#f4f2ee")
    ground.paste(draw("Cushion", "blue", side_px=200), (20, 240))
    ground.save(content, "JPEG", quality=92)

    seen = send(client, content.getvalue()).json

    assert [region["chosen"] for region in seen["regions"]].count(True) == 1
    chosen = seen["regions"][0]
    assert chosen["chosen"]
    assert seen["looked_at"] == chosen["box"]
    again = send(client, content.getvalue(), box=",".join(map(str, chosen["box"]))).json
    assert [region["box"] for region in again["regions"] if region["chosen"]] == [chosen["box"]]
