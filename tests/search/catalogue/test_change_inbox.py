"""The inbox of changes is listed, counted and bounded, and old changes are deleted."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

import search.catalogue.change_inbox
from search.catalogue.change_inbox import (
    Waiting,
    delete_product,
    forget_changes,
    list_changes,
    put_product,
    read_change,
    refuse_change,
    reread_rows,
    waiting_changes,
)
from search.catalogue.product_fields import ProductFields
from search.database.models import ProductChange, Quarantine
from search.errors import TooManyChanges, UnknownEntry

MUG = ProductFields(title="Red mug", image=["https://shop.example/mug.jpg"])


def test_changes_are_listed_newest_first_and_counted(session: Session) -> None:
    assert waiting_changes(session) == Waiting(0, None)
    first = put_product(session, "A", MUG, actor="mia", pictures=["/home/a.jpg"])
    second = delete_product(session, "B", actor="mia")
    refused = refuse_change(session, "put", "A", actor="message", reason="bad", detail="Why.")

    assert list_changes(session, limit=2) == ([refused, second], 3)
    assert list_changes(session, limit=2, offset=2) == ([first], 3)
    assert list_changes(session, state="refused", limit=9) == ([refused], 1)
    assert list_changes(session, sku="A", state="waiting", limit=9) == ([first], 1)
    assert read_change(session, second.id) == second
    assert waiting_changes(session) == Waiting(2, first.received_at)
    row = session.get_one(ProductChange, first.id)
    assert row.record is not None
    assert row.record["image"] == ["/home/a.jpg", "https://shop.example/mug.jpg"]
    with pytest.raises(UnknownEntry):
        read_change(session, refused.id + 1)


def test_more_than_a_bound_is_not_taken_but_from_ourselves(session: Session) -> None:
    delete_product(session, "A", actor="mia", most=1)
    with pytest.raises(TooManyChanges, match="1 changes"):
        delete_product(session, "B", actor="mia", most=1)
    with pytest.raises(TooManyChanges):
        put_product(session, "B", MUG, actor="mia", most=1)
    delete_product(session, "B", actor="message", most=None)
    assert waiting_changes(session).count == 2


def test_as_many_rows_are_read_again_as_fit(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search.catalogue.change_inbox, "MOST_WAITING", 3)
    for line in range(5):
        session.add(Quarantine(kind="row", source="s", line=line, reason="bad", detail="Why."))
    session.flush()
    assert reread_rows(session, actor="mia", code="other") == 0
    assert reread_rows(session, actor="mia", source="s") == 3
    with pytest.raises(TooManyChanges):
        reread_rows(session, actor="mia")
    asked = select(Quarantine.line).join(ProductChange)
    assert session.scalars(asked.order_by(Quarantine.line)).all() == [0, 1, 2]


def test_settled_changes_are_forgotten_and_waiting_ones_never(session: Session) -> None:
    old, now = datetime.now(UTC) - timedelta(days=100), datetime.now(UTC)
    for state, settled_at in (("done", old), ("refused", old), ("done", now), ("waiting", None)):
        session.add(
            ProductChange(
                action="delete", sku=state, actor="mia", state=state,
                received_at=old, settled_at=settled_at,
            )
        )  # fmt: skip
    session.flush()

    assert forget_changes(session, now - timedelta(days=90)) == 2
    assert {change.state for change in list_changes(session, limit=9)[0]} == {"done", "waiting"}
