"""The record of a product that merchandisers see."""

import pytest
from sqlalchemy.orm import Session

from search.database.models import ProductAttribute, Quarantine
from search.errors import UnknownProduct
from search.merchandising.product_record import product_record, product_records
from tests.support.factories import make_image, make_product


def test_nothing_is_left_out(session: Session) -> None:
    product = make_product(session, colour="Merlot")
    make_image(session, product)
    make_image(session, product, state="failed", sha256=None, error="It is no picture.")
    for name, source, value in (("colour", "picture", "red"), ("pattern", "title", "plain")):
        row = ProductAttribute(
            product_id=product.id, name=name, source=source, value=value, confidence=0.8,
            model_tag="m",
        )  # fmt: skip
        session.add(row)
    for sku, source in ((product.sku, product.source), (product.sku, "another"), ("X", "test")):
        session.add(
            Quarantine(kind="row", source=source, sku=sku, line=3, reason="bad_price", detail="No.")
        )
    bad = Quarantine(
        kind="image", source="test", address="/x.jpg", product_image_id=product.images[1].id,
        reason="no_picture", detail="Send another.",
    )  # fmt: skip
    session.add(bad)
    session.flush()
    session.expire_all()

    record = product_record(session, product.sku)

    assert [p.state for p in record.pictures] == ["ready", "failed"]
    assert (record.pictures[1].shown, record.pictures[1].error) == (False, "It is no picture.")
    assert [(r.kind, r.reason) for r in record.refusals] == [
        ("row", "bad_price"),
        ("image", "no_picture"),
    ]
    assert record.marks == ("picture failed", "quarantined")
    counts, doubt = record.believed("colour"), record.doubted("colour")
    assert counts is not None
    assert doubt is not None
    assert (counts.value, counts.source, doubt.value) == ("Merlot", "merchant", "red")
    assert record.doubted("pattern") is None
    assert record.believed("material") is None
    assert record.merchant["colour"] == "Merlot"
    assert product_records(session, [product.id, 10**9]) == [record]


def test_marks_say_what_no_shopper_sees(session: Session) -> None:
    bare, broken = make_product(session), make_product(session)
    make_image(session, broken, state="failed", sha256=None, error="Gone.")
    bare.retired_at = bare.created_at
    session.flush()
    session.expire_all()

    found = product_records(session, [broken.id, bare.id])

    assert [record.marks for record in found] == [
        ("no usable picture",),
        ("retired", "no picture"),
    ]
    assert product_record(session, bare.sku).retired_at is not None
    with pytest.raises(UnknownProduct):
        product_record(session, "NOPE")
