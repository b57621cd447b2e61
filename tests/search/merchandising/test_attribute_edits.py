"""Attributes set by hand: valid at once, stored apart from the merchant's, never overwritten."""

import threading

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from search.catalogue.product_cards import product_by_sku
from search.database.audit_trail import read_trail
from search.database.connection import session_scope
from search.database.models import Product, ProductAttribute
from search.errors import EditedMeanwhile, UnknownProduct, UnusableEntry
from search.merchandising.attribute_edits import editable, remove_attribute, set_attribute
from search.text.attribute_vocabulary import load_vocabulary
from tests.support.factories import make_product

VOCABULARY = load_vocabulary()


def put(session: Session, sku: str, name: str, value: str, seen: str = "") -> str:
    return set_attribute(session, sku, name, value, seen=seen, actor="ada", vocabulary=VOCABULARY)


def believed(session: Session, sku: str) -> dict[str, tuple[str, str]]:
    session.expire_all()
    return {a.name: (a.value, a.source) for a in product_by_sku(session, sku).attributes}


def test_what_is_set_is_believed_until_it_is_taken_back(session: Session) -> None:
    product = make_product(session, colour="Merlot", category="Home > Mugs")
    for name, source in (("pattern", "title"), ("pattern", "picture"), ("colour", "picture")):
        row = ProductAttribute(
            product_id=product.id, name=name, source=source, value=source, confidence=0.9,
            model_tag="m",
        )  # fmt: skip
        session.add(row)
    session.flush()
    before = believed(session, product.sku)
    assert before["colour"] == ("Merlot", "merchant")
    assert before["pattern"] == ("title", "title")

    assert put(session, product.sku, "colour", "  dark   red ") == "dark red"
    assert put(session, product.sku, "category", "Home>Kitchen >  Mugs") == "Home > Kitchen > Mugs"
    assert put(session, product.sku, "pattern", "Striped") == "striped"

    after = believed(session, product.sku)
    assert after["colour"] == ("dark red", "merchandiser")
    assert after["pattern"] == ("striped", "merchandiser")
    card = product_by_sku(session, product.sku)
    assert (card.colour, card.category) == ("dark red", "Home > Kitchen > Mugs")
    assert session.get_one(Product, product.id).colour == "Merlot", "the merchant's own stays"

    for name, value in (("colour", "dark red"), ("pattern", "striped")):
        remove_attribute(session, product.sku, name, seen=value, actor="bob")
    remove_attribute(session, product.sku, "category", seen="Home > Kitchen > Mugs", actor="bob")
    assert believed(session, product.sku) == before


def test_edits_are_on_record(session: Session) -> None:
    sku = make_product(session).sku
    put(session, sku, "colour", "red")
    put(session, sku, "colour", "navy", seen="red")
    put(session, sku, "colour", "navy", seen="navy")
    remove_attribute(session, sku, "colour", seen="navy", actor="bob")

    entries, total = read_trail(session, action="attribute", subject=sku)

    assert total == 3, "what changes nothing is no change"
    assert [(e.actor, e.action, e.details["before"], e.details["after"]) for e in entries] == [
        ("bob", "attribute.remove", "navy", None),
        ("ada", "attribute.set", "red", "navy"),
        ("ada", "attribute.set", None, "red"),
    ]
    assert {e.details["attribute"] for e in entries} == {"colour"}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("brand", "Acme", "brand is no attribute"),
        ("pattern", "wobbly", "no pattern that the vocabulary knows"),
        ("colour", "  ", "Give a colour"),
        ("colour", "re\x00d", "Give a colour"),
        ("category", "Home > > Mugs", "such as Home > Mugs"),
        ("colour", "x" * 301, "at most 300"),
    ],
)
def test_what_can_not_be_kept_is_refused(
    session: Session, name: str, value: str, said: str
) -> None:
    sku = make_product(session).sku
    with pytest.raises(UnusableEntry, match=said):
        put(session, sku, name, value)


def test_nothing_is_set_or_removed_that_is_not_there(session: Session) -> None:
    sku = make_product(session).sku
    with pytest.raises(UnknownProduct):
        put(session, "NOPE", "colour", "red")
    with pytest.raises(UnusableEntry, match="nothing to remove"):
        remove_attribute(session, sku, "colour", seen="", actor="ada")
    assert editable(VOCABULARY) == ("category", "colour", "pattern", "material")


def test_an_edit_that_its_author_has_not_seen_is_not_overwritten(session: Session) -> None:
    sku = make_product(session).sku
    put(session, sku, "colour", "red")
    with pytest.raises(EditedMeanwhile, match="ada set colour to red while you were editing"):
        put(session, sku, "colour", "blue", seen="")
    with pytest.raises(EditedMeanwhile):
        remove_attribute(session, sku, "colour", seen="blue", actor="bob")
    remove_attribute(session, sku, "colour", seen="red", actor="bob")
    with pytest.raises(EditedMeanwhile, match="bob removed colour"):
        put(session, sku, "colour", "blue", seen="red")
    assert believed(session, sku)["colour"][1] == "merchant"


def test_of_two_at_once_one_is_told(database: Engine) -> None:
    """Both saw no value; the second waits for the first, then checks again and is refused."""
    with session_scope(database) as session:
        sku = make_product(session).sku
    told: list[str] = []

    def second() -> None:
        try:
            with session_scope(database) as session:
                put(session, sku, "colour", "blue")
        except EditedMeanwhile as error:
            told.append(str(error))

    with session_scope(database) as session:
        put(session, sku, "colour", "red")
        waiting = threading.Thread(target=second)
        waiting.start()
        waiting.join(0.3)
        assert waiting.is_alive()
    waiting.join(10)

    assert len(told) == 1
    with session_scope(database) as session:
        assert believed(session, sku)["colour"] == ("red", "merchandiser")
