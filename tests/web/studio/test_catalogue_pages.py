"""The studio's catalogue: its rows, their order, and the file."""

import csv
import io

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from search.database.connection import session_scope
from search.database.models import SearchEvent
from search.engine.search_engine import SearchEngine
from tests.support.shops.plain_shop import ODD_SKU, PRODUCTS
from tests.support.staff import log_in

TABLE_ROW = '<th scope="row" class="what">'


@pytest.fixture
def studio(app: Flask) -> FlaskClient:
    """A merchandiser's client."""
    return log_in(app, "merchandiser")


def rows(client: FlaskClient, path: str) -> list[dict[str, str]]:
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.content_type == "text/csv; charset=utf-8"
    assert 'filename="catalogue.csv"' in answer.headers["Content-Disposition"]
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))


def listed(client: FlaskClient, query: str = "") -> list[str]:
    return [row["sku"] for row in rows(client, f"/studio/catalogue.csv?{query}")]


def test_without_words_all_is_listed_the_newest_first(studio: FlaskClient) -> None:
    page = studio.get("/studio").text
    assert page.count(TABLE_ROW) == len(PRODUCTS)
    assert f"{len(PRODUCTS)} products" in page
    assert listed(studio) == [thing.sku for thing in reversed(PRODUCTS)]
    assert listed(studio, "sort=cheapest")[0] == "PLATE-RED"
    assert listed(studio, "sort=dearest")[-1] == ODD_SKU, "without a price"


def test_filters_count_and_narrow(studio: FlaskClient) -> None:
    page = studio.get("/studio?category=Home+%3E+Tableware&colour=red&in_stock=1").text
    assert page.count(TABLE_ROW) == 1
    assert "Red tray" in page
    assert 'value="red" checked' in page
    narrow = "colour=red&max_price=12"
    assert listed(studio, narrow) == ["PLATE-RED"]
    assert set(listed(studio, "material=silk")) == {
        thing.sku for thing in PRODUCTS if "silk" in thing.title
    }


def test_words_are_searched_for_and_not_recorded(studio: FlaskClient, engine: SearchEngine) -> None:
    def recorded() -> int:
        with session_scope(engine.database) as session:
            return session.scalar(select(func.count()).select_from(SearchEvent)) or 0

    before = recorded()
    page = studio.get("/studio?text=green+plate").text
    found = rows(studio, "/studio/catalogue.csv?text=green+plate")
    assert found[0]["sku"] == "PLATE-GREEN"
    assert float(found[0]["similarity"]) > 0
    assert "green" in found[0]["why"]
    assert "Its text has all your words" in page
    by_title = listed(studio, "text=green+plate&sort=title")
    assert sorted(by_title) == sorted(row["sku"] for row in found)
    assert by_title[0] == "CUSHION-BLACK" or by_title[0].endswith("BLACK")
    assert recorded() == before


def test_what_looks_like_a_product(studio: FlaskClient) -> None:
    page = studio.get("/studio?like=PLATE-RED").text
    assert 'Like <a href="/studio/products/PLATE-RED">Red plate</a>' in page
    alike = listed(studio, "like=PLATE-RED")
    assert "PLATE-RED" not in alike
    assert alike[0].startswith("PLATE-"), "variants stand for themselves"
    assert studio.get("/studio?like=NOPE").status_code == 404


def test_the_switch_between_table_and_grid_is_in_the_address(studio: FlaskClient) -> None:
    grid = studio.get("/studio?text=plate&view=grid&colour=red").text
    assert TABLE_ROW not in grid
    assert 'class="tile-card"' in grid
    assert 'href="/studio?text=plate&amp;colour=red" >Table' in grid
    assert "/studio/catalogue.csv?text=plate&amp;view=grid&amp;colour=red" in grid


def test_a_file_says_what_the_table_shows(studio: FlaskClient) -> None:
    (red,) = rows(studio, "/studio/catalogue.csv?text=red+plate&colour=red&max_price=12")
    assert (red["title"], red["brand"], red["colour"]) == ("Red plate", "Nordlys", "red")
    assert (red["price"], red["currency"], red["in_stock"]) == ("10.5", "EUR", "no")
    assert "colour by pictures" in red
    assert red["marks"] == ""


@pytest.mark.parametrize(
    ("query", "status"),
    [("page=0", 422), ("sort=best", 422), ("min_price=9&max_price=1", 400), ("page=99", 200)],
)
def test_addresses_that_make_no_sense(studio: FlaskClient, query: str, status: int) -> None:
    assert studio.get(f"/studio?{query}").status_code == status


def test_where_nothing_is_published_the_catalogue_is_listed_all_the_same(
    empty_app: Flask,
) -> None:
    studio = log_in(empty_app, "merchandiser")
    assert "There is nothing here" in studio.get("/studio").text
    assert studio.get("/studio?text=plate").status_code == 503
