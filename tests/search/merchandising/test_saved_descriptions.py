"""Saved descriptions: stored once, marked by sku, with every change in the audit trail."""

import pytest
from sqlalchemy.orm import Session

from search.database.audit_trail import read_trail
from search.errors import UnknownEntry, UnknownProduct, UnusableEntry
from search.merchandising import saved_descriptions as saved_module
from search.merchandising.saved_descriptions import (
    add_saved,
    find_saved,
    list_saved,
    mark,
    remove_saved,
)
from tests.support.factories import make_product


def test_a_description_is_kept_once_however_it_is_written(session: Session) -> None:
    first = add_saved(session, "  Round  BLUE vase", actor="mia")

    assert add_saved(session, "round blue vase", actor="tom") == first
    [kept] = list_saved(session)
    assert (kept.text, kept.created_by, kept.marks) == ("round blue vase", "mia", ())


@pytest.mark.parametrize("text", ["", "   ", "x" * 201, "a\x00b"])
def test_what_is_no_description_is_refused(session: Session, text: str) -> None:
    with pytest.raises(UnusableEntry, match="200 characters"):
        add_saved(session, text, actor="mia")


def test_too_many_are_refused(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_module, "MOST", 2)
    for text in ("a", "b", "a"):
        add_saved(session, text, actor="mia")
    with pytest.raises(UnusableEntry, match="Remove one"):
        add_saved(session, "c", actor="mia")


def test_marks_are_set_changed_and_taken_away(session: Session) -> None:
    saved_id = add_saved(session, "vase", actor="mia")
    product = make_product(session)
    for right, found in ((True, [True]), (False, [False]), (None, [])):
        mark(session, saved_id, product.sku, right, actor="tom")
        mark(session, saved_id, product.sku, right, actor="tom")  # the second time changes nothing
        assert [each.right for each in find_saved(session, saved_id).marks] == found
    trail, total = read_trail(session, action="saved.mark")
    assert total == 3
    assert [(e.details["before"], e.details["after"]) for e in trail] == [
        ("wrong", None),
        ("right", "wrong"),
        (None, "right"),
    ]
    assert {entry.actor for entry in trail} == {"tom"}


def test_unknown_things_are_named(session: Session) -> None:
    saved_id = add_saved(session, "vase", actor="mia")
    with pytest.raises(UnknownProduct, match="NOPE"):
        mark(session, saved_id, "NOPE", True, actor="mia")
    for call in (find_saved, lambda s, i: mark(s, i, "X", True, actor="mia")):
        with pytest.raises(UnknownEntry, match="saved description"):
            call(session, saved_id + 1)


def test_removing_takes_the_marks_along(session: Session) -> None:
    saved_id = add_saved(session, "vase", actor="mia")
    mark(session, saved_id, make_product(session).sku, True, actor="mia")
    assert remove_saved(session, saved_id, actor="mia") == "vase"
    assert list_saved(session) == []
    assert read_trail(session, action="saved.remove")[1] == 1
