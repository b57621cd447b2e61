"""The API's reference page: it shows the whole document, and its links work."""

import re
import shlex

from flask import Flask
from flask.testing import FlaskClient

from tests.support.api_programs import another
from web.api.documentation.openapi_document import describe
from web.api.documentation.reference_page import read_reference

DOCS = "/api/v1/docs"
ADDRESS = "https://shop.example"


def test_every_operation_field_and_model_is_there(client: FlaskClient) -> None:
    page = client.get(DOCS).text
    document = describe(anonymous=True)

    for path, methods in document["paths"].items():
        assert path in page
        for one in methods.values():
            assert f'id="{one["operationId"]}"' in page
            for parameter in one["parameters"]:
                assert f"<code>{parameter['name']}</code>" in page
    for schema in document["components"]["schemas"].values():
        for field in schema.get("properties", {}):
            assert f"<code>{field}</code>" in page


def test_anchors_lead_somewhere_and_are_unique(client: FlaskClient) -> None:
    page = client.get(DOCS).text
    anchors = re.findall(r'\sid="([^"]+)"', page)

    assert len(anchors) == len(set(anchors))
    targets = set(re.findall(r'href="#([^"]+)"', page))
    assert len(targets) > 20
    assert targets <= set(anchors)


def test_the_page_follows_the_settings(app: Flask) -> None:
    strict = another(app, api_anonymous=False, rate_key="7/hour").test_client().get(DOCS).text
    open_ = app.test_client().get(DOCS).text

    assert "7 requests per hour" in strict
    assert "7 requests per hour" not in open_
    assert "Works without a key" in open_
    assert "Works without a key" not in strict


def test_examples_are_whole_commands() -> None:
    reference = read_reference(describe(anonymous=False), ADDRESS)
    calls = {
        one.id: [shlex.split(call) for call in one.calls]
        for section in reference.sections
        for one in section.operations
    }

    assert all(calls.values()), "each operation has one"
    for commands in calls.values():
        for command in commands:
            assert command[0] == "curl"
            assert [part for part in command if part.startswith(f"{ADDRESS}/api/v1/")]
            assert "{" not in command[-1]
    assert len(calls["search"]) == 2
    assert "photo=@lamp.jpg" in next(c for c in calls["search"] if "-F" in c)
    assert "Authorization: Bearer $KEY" in calls["status"][0]
    assert "Authorization: Bearer $KEY" not in calls["click"][0]
    assert calls["removeRule"][0][3:5] == ["-X", "DELETE"]


def test_values_are_named_in_words() -> None:
    reference = read_reference(describe(anonymous=True), ADDRESS)
    fields = {(model.name, row.name): row for model in reference.models for row in model.rows}

    hits = fields["ResultsView", "hits"].kind
    assert (hits.words, hits.model) == ("list of ", "HitView")
    assert fields["ProductView", "brand"].kind.words == "string or null"
    facets = fields["ResultsView", "facets"].kind
    assert (facets.words, facets.model) == ("object of list of ", "FacetView")
    live = fields["StatusView", "live"].kind
    assert (live.model, live.after) == ("LiveView", " or null")
    one = next(o for s in reference.sections for o in s.operations if o.id == "similar")
    k = next(row for row in one.parameters if row.name == "k")
    assert (k.allowed, k.default, k.required) == ("from 1 to 100", "24", False)


def test_pages_lead_to_it(client: FlaskClient) -> None:
    assert f'href="{DOCS}"' in client.get("/").text
