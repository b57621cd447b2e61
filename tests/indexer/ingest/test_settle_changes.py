"""Changes of single products are settled in order, each with its outcome; none is lost."""

import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import OperationalError

import indexer.ingest.settle_changes as changes_module
from indexer.ingest.ingest_run import ingest
from indexer.ingest.settle_changes import TakenChanges, take_changes
from indexer.ingest.sources import open_source
from indexer.nightly.reindex_run import known_sources
from search.catalogue.change_inbox import (
    API_SOURCE,
    InboxChange,
    delete_product,
    list_changes,
    put_product,
    waiting_changes,
)
from search.catalogue.product_fields import ProductFields
from search.database.connection import session_scope
from search.database.models import Product, ProductChange, Quarantine
from search.errors import UnusableCatalogue
from search.settings import Settings

MUG: dict[str, Any] = {
    "title": "Red <b>mug</b>",
    "category": ["Home", "Mugs"],
    "price": "12,50 EUR",
    "in_stock": "sold out",
    "image": ["https://shop.example/mug.jpg", "https://shop.example/back.jpg"],
}


def put(database: Engine, sku: str, **fields: Any) -> int:
    with session_scope(database) as session:
        given = ProductFields.model_validate(MUG | fields)
        return put_product(session, sku, given, actor="key:feed").id


def delete(database: Engine, sku: str) -> int:
    with session_scope(database) as session:
        return delete_product(session, sku, actor="key:feed").id


def changes(database: Engine) -> dict[int, InboxChange]:
    with session_scope(database) as session:
        return {change.id: change for change in list_changes(session, limit=100)[0]}


def product(database: Engine, sku: str) -> Product:
    with session_scope(database) as session:
        found = session.scalars(select(Product).where(Product.sku == sku)).one()
        found.images  # noqa: B018  (loads them)
        return found


def catalogue(folder: Path, *rows: str, name: str = "feed.csv") -> Path:
    path = folder / name
    path.write_text("\n".join(["sku,title,image,price", *rows]) + "\n", encoding="utf-8")
    return path


def test_a_product_is_added_by_the_rules_of_a_catalogue(
    database: Engine, settings: Settings
) -> None:
    number = put(database, "M-1")

    taken = take_changes(database, settings)

    mug = product(database, "M-1")
    assert taken == TakenChanges(done=1, refused=0, product_ids=(mug.id,))
    assert (mug.title, mug.category, mug.source) == ("Red mug", "Home > Mugs", API_SOURCE)
    assert (mug.price_cents, mug.currency, mug.in_stock) == (1250, "EUR", False)
    assert [image.address for image in mug.images] == MUG["image"]
    change = changes(database)[number]
    assert (change.state, change.reason, change.detail) == ("done", None, None)
    assert change.settled_at is not None
    assert change.settled_at >= change.received_at
    assert take_changes(database, settings) == TakenChanges(0, 0, ())


def test_a_product_is_replaced_as_a_whole_and_withdrawn(
    database: Engine, settings: Settings
) -> None:
    put(database, "M-1", brand="Nordlys")
    put(database, "M-1", image="https://shop.example/other.jpg", price=None)
    take_changes(database, settings)

    mug = product(database, "M-1")
    assert (mug.brand, mug.price_cents) == (None, None)
    assert [image.address for image in mug.images] == ["https://shop.example/other.jpg"]
    delete(database, "M-1")
    assert take_changes(database, settings).product_ids == (mug.id,)
    assert product(database, "M-1").retired_at is not None
    again, put_back = delete(database, "M-1"), put(database, "M-1")
    assert take_changes(database, settings).done == 2
    assert changes(database)[again].state == changes(database)[put_back].state == "done"
    assert product(database, "M-1").retired_at is None


def test_what_says_nothing_new_writes_nothing(database: Engine, settings: Settings) -> None:
    put(database, "M-1")
    take_changes(database, settings)
    before = product(database, "M-1").updated_at
    put(database, "M-1")

    assert take_changes(database, settings) == TakenChanges(done=1, refused=0, product_ids=())
    assert product(database, "M-1").updated_at == before


def test_refusals_say_why_and_stop_nothing(database: Engine, settings: Settings) -> None:
    unknown = delete(database, "NEVER")
    untitled = put(database, "M-1", title="<p></p>")
    odd = put(database, "M-2", price="ask us")

    assert take_changes(database, settings).refused == 2
    told = changes(database)
    assert (told[unknown].state, told[unknown].reason) == ("refused", "unknown_product")
    assert (told[untitled].state, told[untitled].reason) == ("refused", "empty_title")
    assert told[odd].state == "done"
    assert "no single amount" in (told[odd].detail or "")


def test_a_fault_refuses_its_change_alone(
    database: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = changes_module.write_batch

    def failing(session: Any, source: str, rows: Any) -> Any:
        written = real(session, source, rows)
        if "BAD" in {row.sku for _, row in rows}:
            session.execute(text("SELECT 1 / 0"))
        return written

    monkeypatch.setattr(changes_module, "write_batch", failing)
    put(database, "BEFORE")
    bad = put(database, "BAD")
    put(database, "AFTER")

    assert take_changes(database, settings).done == 2
    assert (changes(database)[bad].state, changes(database)[bad].reason) == ("refused", "own_fault")
    assert product(database, "BEFORE").source == product(database, "AFTER").source == API_SOURCE
    with session_scope(database) as session:
        assert session.scalar(select(func.count(Product.id))) == 2


def test_many_are_written_together_and_each_is_told_its_own(
    database: Engine, settings: Settings, tmp_path: Path
) -> None:
    """Changes of two sources: good, odd, refused, unchanged, and withdrawals in between."""
    ingest(database, catalogue(tmp_path, "C-1,Lamp,https://s.example/1.jpg,5"), settings)
    put(database, "OLD")
    take_changes(database, settings)
    sent = {
        "new": put(database, "NEW"),
        "old": put(database, "OLD"),
        "kept": put(database, "C-1", price="ask us"),
        "bad": put(database, "EMPTY", title=" "),
        "gone": delete(database, "OLD"),
        "again": put(database, "NEW", title="Newer"),
    }

    taken = take_changes(database, settings)

    told = {name: changes(database)[number] for name, number in sent.items()}
    assert [name for name, each in told.items() if each.state != "done"] == ["bad"]
    assert told["bad"].reason == "empty_title"
    assert "no single amount" in (told["kept"].detail or "")
    assert (told["new"].detail, told["old"].detail) == (None, None)
    touched = [product(database, sku) for sku in ("C-1", "NEW", "OLD")]
    assert set(taken.product_ids) == {each.id for each in touched}
    assert touched[0].source.endswith("feed.csv")
    assert touched[1].title == "Newer"
    assert touched[2].retired_at is not None


def test_a_lost_process_leaves_the_change_waiting(
    database: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = put(database, "M-1")

    def die(_outcome: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(changes_module, "_say", die)
        with pytest.raises(KeyboardInterrupt):
            take_changes(database, settings)
    assert changes(database)[number].state == "waiting"
    with session_scope(database) as session:
        assert session.scalar(select(func.count(Product.id))) == 0
    assert take_changes(database, settings).done == 1


def test_a_lost_connection_is_no_fault_of_the_change(
    database: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(database, "M-1")
    real, calls = changes_module.write_batch, []

    def lost_once(*given: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            raise OperationalError("select", {}, Exception("gone"))
        return real(*given)

    monkeypatch.setattr(changes_module, "write_batch", lost_once)
    assert take_changes(database, settings) == TakenChanges(1, 0, (product(database, "M-1").id,))


def test_a_later_change_of_a_product_waits_for_the_earlier(
    database: Engine, settings: Settings
) -> None:
    """Another process holds the first change of A: B is taken, the second change of A is not."""
    first = put(database, "A", title="first")
    put(database, "A", title="second")
    put(database, "B")

    with session_scope(database) as other:
        other.scalar(select(ProductChange).where(ProductChange.id == first).with_for_update())
        assert take_changes(database, settings).done == 1
        assert product(database, "B").title == "Red mug"
    assert take_changes(database, settings).done == 2
    assert product(database, "A").title == "second"


def test_several_processes_share_the_work(database: Engine, settings: Settings) -> None:
    for number in range(30):
        put(database, f"M-{number % 6}", title=f"Version {number}")
    taken: list[TakenChanges] = []
    threads = [
        threading.Thread(target=lambda: taken.append(take_changes(database, settings)))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    taken.append(take_changes(database, settings))

    assert sum(each.done for each in taken) == 30
    assert sum(each.refused for each in taken) == 0
    titles = {product(database, f"M-{number}").title for number in range(6)}
    assert titles == {f"Version {number}" for number in range(24, 30)}


def test_at_most_so_many_are_taken(database: Engine, settings: Settings) -> None:
    for number in range(5):
        put(database, f"M-{number}")

    assert take_changes(database, settings, limit=2).done == 2
    with session_scope(database) as session:
        assert waiting_changes(session).count == 3
    assert take_changes(database, settings, limit=None).done == 3


def test_a_catalogues_product_stays_its_own(
    database: Engine, settings: Settings, tmp_path: Path
) -> None:
    path = catalogue(tmp_path, "A,Lamp,https://shop.example/a.jpg,5", "B,Bed,https://s.example/b,1")
    ingest(database, path, settings)
    put(database, "A", price=9)
    delete(database, "B")
    take_changes(database, settings)

    lamp = product(database, "A")
    assert (lamp.source, lamp.price_cents) == (str(path), 900)
    assert product(database, "B").retired_at is not None
    report = ingest(database, path, settings)
    assert (report.changed, report.returned, report.refused) == (2, 1, 0)
    assert product(database, "A").price_cents == 500


def test_a_catalogue_takes_over_what_the_api_sent_and_leaves_the_rest(
    database: Engine, settings: Settings, tmp_path: Path
) -> None:
    put(database, "A")
    put(database, "ALONE")
    take_changes(database, settings)
    path = catalogue(tmp_path, "A,Lamp,https://shop.example/a.jpg,5", "B,Bed,https://s.example/b,1")

    report = ingest(database, path, settings)

    assert (report.changed, report.new, report.retired, report.refused) == (1, 1, 0, 0)
    assert product(database, "A").source == str(path)
    alone = product(database, "ALONE")
    assert (alone.source, alone.retired_at) == (API_SOURCE, None)
    assert known_sources(database) == [str(path)]


def test_a_catalogue_is_read_after_what_came_before_it(
    database: Engine, settings: Settings, tmp_path: Path
) -> None:
    path = catalogue(tmp_path, "A,Lamp,https://shop.example/a.jpg,5")
    put(database, "A", price=9)

    ingest(database, path, settings)

    assert product(database, "A").price_cents == 500
    with session_scope(database) as session:
        assert waiting_changes(session).count == 0


def test_a_shop_may_live_of_the_api_alone(database: Engine) -> None:
    with pytest.raises(UnusableCatalogue):
        known_sources(database)
    put(database, "A")
    assert known_sources(database) == []


def test_no_catalogue_is_called_as_the_api_is(tmp_path: Path) -> None:
    with pytest.raises(UnusableCatalogue, match="another name"):
        open_source(catalogue(tmp_path, "A,Lamp,https://shop.example/a.jpg,5"), name=API_SOURCE)


def test_an_ingest_beside_it_does_no_harm(
    database: Engine, settings: Settings, tmp_path: Path
) -> None:
    """Both bring the same pictures of the same products at the same time."""
    names = [f"S-{number}" for number in range(40)]
    rows = [
        f"{sku},Lamp,https://s.example/{sku}.jpg|https://s.example/{sku}-2.jpg," for sku in names
    ]
    path = catalogue(tmp_path, *rows)
    for sku in names:
        put(database, sku, image=[f"https://s.example/{sku}-2.jpg"])
    failed: list[BaseException] = []

    def beside() -> None:
        try:
            take_changes(database, settings)
        except BaseException as error:
            failed.append(error)

    other = threading.Thread(target=beside)
    other.start()
    report = ingest(database, path, settings)
    other.join(60)

    assert failed == []
    assert report.refused == 0
    assert all(change.state == "done" for change in changes(database).values())
    with session_scope(database) as session:
        assert session.scalar(select(func.count(Quarantine.id))) == 0
