"""Refused rows are read again: good ones become products, others get their current reason."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from indexer.ingest.ingest_run import ingest
from indexer.ingest.settle_changes import take_changes
from indexer.ingest.sources import open_source
from search.catalogue.change_inbox import InboxChange, list_changes, reread_rows
from search.database.advisory_locks import exclusively
from search.database.audit_trail import read_trail
from search.database.connection import session_scope
from search.database.models import Product, Quarantine
from search.settings import Settings

GOOD = "A,Lamp,https://shop.example/a.jpg,5"


@pytest.fixture
def path(tmp_path: Path, database: Engine, settings: Settings) -> Path:
    """An ingested catalogue: one good row, one without a title, two with odd prices."""
    path = tmp_path / "feed.csv"
    write(path, GOOD, "B,,https://shop.example/b.jpg,5", "C,Cup,https://s.example/c,?", ",Hat,x,")
    ingest(database, path, settings)
    return path


def write(path: Path, *rows: str) -> None:
    path.write_text("\n".join(["sku,title,image,price", *rows]) + "\n", encoding="utf-8")


def quarantine(database: Engine) -> list[tuple[int | None, str | None, str]]:
    with session_scope(database) as session:
        rows = session.scalars(select(Quarantine).order_by(Quarantine.line, Quarantine.id))
        return [(row.line, row.sku, row.reason) for row in rows]


def read_all_again(database: Engine, settings: Settings) -> list[InboxChange]:
    """Retry all rows; return the outcome of each, in order."""
    with session_scope(database) as session:
        reread_rows(session, actor="mia")
    take_changes(database, settings)
    with session_scope(database) as session:
        return list_changes(session, limit=100)[0][::-1]


def titles(database: Engine) -> dict[str, str]:
    with session_scope(database) as session:
        rows = session.execute(select(Product.sku, Product.title))
        return {str(sku): str(title) for sku, title in rows}


def test_a_row_that_is_good_now_becomes_a_product(
    path: Path, database: Engine, settings: Settings
) -> None:
    assert quarantine(database) == [
        (3, "B", "empty_title"),
        (4, "C", "odd_price"),
        (5, None, "no_sku"),
    ]
    write(path, GOOD, "B,Bowl,https://shop.example/b.jpg,5", "C,Cup,https://s.example/c,7", ",H,x,")

    told = read_all_again(database, settings)

    assert [change.state for change in told] == ["done", "done", "refused"]
    assert told[2].reason == "no_sku"
    assert titles(database) == {"A": "Lamp", "B": "Bowl", "C": "Cup"}
    assert quarantine(database) == [(5, None, "no_sku")]
    with session_scope(database) as session:
        assert set(session.scalars(select(Product.source))) == {str(path)}
        entry = read_trail(session, action="row.reread")[0][0]
        assert (entry.actor, entry.details["rows"]) == ("mia", 3)
    report = ingest(database, path, settings)
    assert (report.unchanged, report.refused) == (3, 1)


def test_a_row_that_is_still_wrong_says_what_is_wrong_now(
    path: Path, database: Engine, settings: Settings
) -> None:
    write(path, GOOD, "B,Bowl,,5", "C,Cup,ftp://s.example/c|https://s.example/c,?", ",Hat,x,")

    told = read_all_again(database, settings)

    assert [(change.state, change.reason) for change in told] == [
        ("refused", "no_image"),
        ("done", None),
        ("refused", "no_sku"),
    ]
    assert "no single amount" in (told[1].detail or "")
    assert quarantine(database) == [
        (3, "B", "no_image"),
        (4, "C", "odd_price"),
        (4, "C", "bad_address"),
        (5, None, "no_sku"),
    ]


def test_another_row_in_that_line_is_not_taken_for_it(
    path: Path, database: Engine, settings: Settings
) -> None:
    before = quarantine(database)
    write(path, GOOD, "NEW,Nest,https://s.example/n,1", "B,Bowl,https://shop.example/b.jpg,5")

    told = read_all_again(database, settings)

    assert [change.reason for change in told] == ["catalogue_changed"] * 3
    assert "line 3 holds the product NEW, not B" in (told[0].detail or "")
    assert "line 5 holds nothing" in (told[2].detail or "")
    assert quarantine(database) == before
    assert "NEW" not in titles(database)


def test_a_row_whose_sku_stands_earlier_stays_refused(
    path: Path, database: Engine, settings: Settings
) -> None:
    write(path, GOOD, "B,,https://s.example/b,5", "A,Again,https://s.example/x,5")
    ingest(database, path, settings, retire=False)
    assert quarantine(database) == [(3, "B", "empty_title"), (4, "A", "duplicate_sku")]

    told = read_all_again(database, settings)

    assert [change.reason for change in told] == ["empty_title", "duplicate_sku"]
    assert titles(database)["A"] == "Lamp"


def test_a_refused_row_does_not_make_a_later_one_a_duplicate(
    path: Path, database: Engine, settings: Settings
) -> None:
    write(path, GOOD, "B,,https://s.example/b,5", "B,Bowl,https://s.example/x,?")
    ingest(database, path, settings, retire=False)

    told = read_all_again(database, settings)

    assert [change.state for change in told] == ["refused", "done"]
    assert titles(database)["B"] == "Bowl"


@pytest.mark.parametrize("named", [False, True])
def test_a_catalogue_that_cannot_be_opened_is_said_so(
    path: Path, database: Engine, settings: Settings, named: bool
) -> None:
    if named:
        ingest(database, open_source(path, name="tonight"), settings, retire=False)
    path.unlink()
    before = quarantine(database)

    told = read_all_again(database, settings)

    assert {change.reason for change in told} == {"unusable_catalogue"}
    assert any(("--name" in (change.detail or "")) == named for change in told)
    assert quarantine(database) == before


def test_rows_wait_while_their_catalogue_is_read(
    path: Path, database: Engine, settings: Settings
) -> None:
    with exclusively(database, f"ingest of {path}"):
        waiting = read_all_again(database, settings)
    assert {change.state for change in waiting} == {"waiting"}
    take_changes(database, settings)
    with session_scope(database) as session:
        told = list_changes(session, limit=100)[0]
    assert {change.state for change in told} == {"done", "refused"}


def test_what_was_read_in_full_meanwhile_is_done(
    path: Path, database: Engine, settings: Settings
) -> None:
    with session_scope(database) as session:
        reread_rows(session, actor="mia")
        for entry in session.scalars(select(Quarantine)):
            session.delete(entry)
    take_changes(database, settings)
    with session_scope(database) as session:
        told = list_changes(session, limit=100)[0]
    assert {change.state for change in told} == {"done"}
    assert all("meanwhile" in (change.detail or "") for change in told)
