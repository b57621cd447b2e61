"""Queries that a rule redirects to an address."""

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, func, select

from search.database.connection import session_scope
from search.database.models import Rule, SearchEvent
from search.engine.search_engine import SearchEngine
from search.rules.rule import BusinessRule
from search.rules.rule_store import RuleBook, add_rule

SALE = "https://shop.example/sale"


@pytest.fixture(autouse=True)
def ruled(engine: SearchEngine, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two redirect rules, read at every query and deleted afterwards."""
    monkeypatch.setattr(engine, "rules", RuleBook(engine.database, "as_is", refresh_s=0))
    with session_scope(engine.database) as session:
        for query, address in (("sale", SALE), ("the plate", "/products/PLATE-RED")):
            rule = BusinessRule(action="redirect", field="address", query=query, value=address)
            add_rule(session, rule, actor="ada")
    yield
    with session_scope(engine.database) as session:
        session.execute(delete(Rule))


def searches(engine: SearchEngine) -> int:
    with session_scope(engine.database) as session:
        return session.scalar(select(func.count()).select_from(SearchEvent)) or 0


def test_the_results_page_sends_shoppers_there(client: FlaskClient, engine: SearchEngine) -> None:
    before = searches(engine)
    for text, address in ((" Sale", SALE), ("the plate", "/products/PLATE-RED")):
        answer = client.get("/search", query_string={"text": text})
        assert (answer.status_code, answer.location) == (303, address)
    assert searches(engine) == before, "no hits were shown"
    assert client.get("/search?text=sale+plate").status_code == 200


def test_a_form_ends_on_this_site(client: FlaskClient) -> None:
    """Browsers block a form that ends on another site, so a page of this site leads there."""
    page = client.post("/search", data={"text": "Sale"})
    assert page.status_code == 200
    assert f'content="0; url={SALE}"' in page.text
    assert f'href="{SALE}"' in page.text
    assert client.post("/search", data={"text": "the plate"}).status_code == 303


def test_the_api_says_so_and_answers_all_the_same(client: FlaskClient) -> None:
    found = client.post("/api/v1/search", json={"text": "sale"}).json
    assert found["redirect"] == SALE
    assert found["hits"]
    assert client.post("/api/v1/search", json={"text": "plate"}).json["redirect"] is None
