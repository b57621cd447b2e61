"""The catalogue listed by SQL: filters mean the same as for an index, on current rows."""

import pytest
from sqlalchemy.orm import Session

from search.database.models import Product, ProductAttribute
from search.merchandising.attribute_edits import set_attribute
from search.merchandising.catalogue_listing import (
    SORTS,
    count_products,
    count_values,
    list_products,
)
from search.results import FacetValue, Filters
from search.text.attribute_vocabulary import load_vocabulary
from tests.support.factories import make_product


@pytest.fixture
def shop(session: Session) -> dict[str, Product]:
    """Four products, one of them retired."""
    fields = {
        "mug": ("Blue mug", "Home > Mugs", "blue", 500),
        "jar": ("Anchor jar", "Home>Mugs > Large", "Navy", None),
        "hat": ("Zigzag hat", "Fashion", None, 900),
        "old": ("Old mug", "Home > Mugs", "blue", 100),
    }
    found = {
        name: make_product(
            session, sku=name, title=title, category=category, colour=colour, price_cents=cents
        )
        for name, (title, category, colour, cents) in fields.items()
    }
    found["old"].retired_at = found["old"].created_at
    found["hat"].in_stock = False
    for name, source, value in (
        ("pattern", "picture", "striped"),
        ("pattern", "title", "zigzag"),
        ("colour", "picture", "red"),
    ):
        row = ProductAttribute(
            product_id=found["hat"].id, name=name, source=source, value=value, confidence=0.9,
            model_tag="m",
        )  # fmt: skip
        session.add(row)
    session.flush()
    return found


def named(session: Session, filters: Filters, sort: str = "sku", **paging: int) -> list[str]:
    ids = list_products(session, filters, sort=sort, **{"limit": 10} | paging)
    skus = {product.id: product.sku for product in session.query(Product)}
    assert paging or len(ids) == count_products(session, filters)
    return [skus[i] for i in ids]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (Filters(), ["hat", "jar", "mug"]),
        (Filters(categories=("home > MUGS",)), ["jar", "mug"]),
        (Filters(categories=("Home > Mugs > Large", "Fashion")), ["hat", "jar"]),
        (Filters(categories=("Home > Mug",)), []),
        (Filters(colours=("NAVY", "red")), ["hat", "jar"]),
        (Filters(attributes={"pattern": ("zigzag",)}), ["hat"]),
        (Filters(attributes={"pattern": ("striped",)}), []),
        (Filters(min_price_cents=500), ["hat", "mug"]),
        (Filters(max_price_cents=500), ["mug"]),
        (Filters(in_stock=True), ["jar", "mug"]),
        (Filters(in_stock=False), ["hat"]),
        (Filters(brands=("nobody",)), []),
    ],
)
def test_filters_mean_what_they_mean_in_a_search(
    session: Session, shop: dict[str, Product], filters: Filters, found: list[str]
) -> None:
    assert named(session, filters) == found


def test_a_sharp_s_is_a_letter_like_any_other(session: Session) -> None:
    """PostgreSQL's lower case keeps it, Python's folding spells it out: both sides go one way."""
    make_product(session, sku="grill", category="Stra\u00dfe > Grills", brand="Gro\u00df")
    session.flush()
    assert named(session, Filters(categories=("stra\u00dfe",))) == ["grill"]
    assert named(session, Filters(brands=("GRO\u00df",))) == ["grill"]


def test_orders(session: Session, shop: dict[str, Product]) -> None:
    assert named(session, Filters(), "title") == ["jar", "mug", "hat"]
    assert named(session, Filters(), "cheapest") == ["mug", "hat", "jar"]
    assert named(session, Filters(), "dearest") == ["hat", "mug", "jar"]
    assert named(session, Filters(), "newest") == ["hat", "jar", "mug"]
    assert named(session, Filters(), "newest", limit=1, offset=1) == ["jar"]
    assert set(SORTS) == {"newest", "changed", "title", "sku", "cheapest", "dearest"}
    within = [shop["jar"].id, shop["mug"].id, shop["old"].id]
    kept = list_products(session, Filters(), sort="newest", limit=9, within=within)
    assert kept == [shop["jar"].id, shop["mug"].id]


def test_values_are_counted_as_they_are_believed(
    session: Session, shop: dict[str, Product]
) -> None:
    names = ("category", "brand", "colour", "pattern", "material")
    counted = count_values(session, Filters(), names)
    assert tuple(counted) == names
    assert set(counted["colour"]) == {
        FacetValue("blue", 1),
        FacetValue("Navy", 1),
        FacetValue("red", 1),
    }
    assert counted["pattern"] == (FacetValue("zigzag", 1),)
    assert counted["material"] == ()
    assert sum(value.count for value in counted["brand"]) == 3

    set_attribute(
        session, "jar", "colour", "blue", seen="", actor="ada", vocabulary=load_vocabulary()
    )
    assert count_values(session, Filters(), names)["colour"][0] == FacetValue("blue", 2)
    assert named(session, Filters(colours=("blue",))) == ["jar", "mug"]
    assert count_values(session, Filters(colours=("red",)), names)["pattern"] == (
        FacetValue("zigzag", 1),
    )
