"""What pages show of a product."""

from sqlalchemy.orm import Session

from search.catalogue.product_cards import hydrate, product_by_sku
from search.database.models import ProductAttribute
from search.results import AttributeValue
from tests.support.factories import make_product


def test_each_attribute_is_told_once_by_its_best_source(session: Session) -> None:
    product = make_product(session, category="Home > Mugs", colour=None)
    for name, source, value, confidence in (
        ("category", "picture", "Home > Lamps", 0.9),
        ("colour", "picture", "red", 0.8),
        ("material", "picture", "glass", 0.75),
        ("material", "title", "ceramic", 1.0),
    ):
        session.add(
            ProductAttribute(
                product_id=product.id,
                name=name,
                source=source,
                value=value,
                confidence=confidence,
                model_tag="model",
            )
        )
    session.flush()
    session.expire_all()

    (card,) = hydrate(session, [product.id])

    assert set(card.attributes) == {
        AttributeValue("category", "Home > Mugs", 1.0, "merchant"),
        AttributeValue("colour", "red", 0.8, "picture"),
        AttributeValue("material", "ceramic", 1.0, "title"),
    }
    assert (card.category, card.colour) == ("Home > Mugs", None), "fields are the merchant's"
    assert product_by_sku(session, product.sku) == card
