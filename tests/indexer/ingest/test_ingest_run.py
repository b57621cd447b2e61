"""An ingest brings the database up to date with a catalogue, writes only changes, loses nothing."""

import json
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, select, text, update

from indexer.commands.ingest import ingest as ingest_command
from indexer.ingest.ingest_report import IngestReport
from indexer.ingest.ingest_run import ingest
from indexer.ingest.sources import open_source
from search.database.connection import session_scope
from search.database.models import Job, Product, ProductImage, Quarantine
from search.errors import AlreadyRunning, CatalogueShrunk, UnusableCatalogue
from search.settings import Settings

HEADER = "sku,title,image,price,currency,in_stock"
Ingest = Callable[..., IngestReport]


@pytest.fixture
def catalogue(tmp_path: Path) -> Callable[..., Path]:
    """Writes a catalogue and an empty file for each local picture it names."""

    def write(rows: Sequence[str], name: str = "shop/catalogue.csv") -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
        for row in rows:
            for picture in row.split(",")[2].split("|") if row.count(",") >= 2 else []:
                local = path.parent / picture
                if picture.endswith(".jpg") and "/" not in picture and not local.exists():
                    local.touch()
        return path

    return write


@pytest.fixture
def run(database: Engine, settings: Settings) -> Ingest:
    """Ingests into this test's database."""

    def call(source: Any, **options: Any) -> IngestReport:
        return ingest(database, source, settings, **options)

    return call


def products(database: Engine) -> dict[str, Product]:
    with session_scope(database) as session:
        found = list(session.scalars(select(Product)))
        for product in found:
            product.images  # noqa: B018  (loads them)
        return {product.sku: product for product in found}


def quarantine(database: Engine) -> list[tuple[int | None, str | None, str]]:
    with session_scope(database) as session:
        rows = session.scalars(select(Quarantine).order_by(Quarantine.line, Quarantine.id))
        return [(row.line, row.sku, row.reason) for row in rows]


def images(database: Engine, **values: Any) -> None:
    with session_scope(database) as session:
        session.execute(update(ProductImage).values(**values))


def row_versions(database: Engine) -> set[tuple[str, str]]:
    """Return the transaction that wrote each row, so that any write shows."""
    with session_scope(database) as session:
        return {
            (table, f"{row.id}:{row.xmin}")
            for table in ("product", "product_image")
            for row in session.execute(text(f"SELECT id, xmin::text FROM {table}"))  # noqa: S608
        }


ROWS = ["1,Lamp,a.jpg|b.jpg,12.50,EUR,1", "2,Rug,c.jpg,,,0", "3,Sofa,https://s.example/d.jpg,,,"]


def test_first_ingest(run: Ingest, catalogue: Callable[..., Path], database: Engine) -> None:
    path = catalogue(ROWS)

    report = run(path)

    assert (report.rows, report.new, report.images_new, report.refused) == (3, 3, 4, 0)
    found = products(database)
    lamp = found["1"]
    assert (lamp.title, lamp.price_cents, lamp.currency, lamp.in_stock) == (
        "Lamp",
        1250,
        "EUR",
        True,
    )
    assert lamp.source == str(path)
    assert [(i.position, Path(i.address).name, i.state) for i in lamp.images] == [
        (0, "a.jpg", "pending"),
        (1, "b.jpg", "pending"),
    ]
    assert lamp.images[0].fingerprint is not None
    assert found["2"].in_stock is False
    assert found["3"].images[0].fingerprint is None


def test_repeating_writes_nothing(
    run: Ingest, catalogue: Callable[..., Path], database: Engine
) -> None:
    path = catalogue(ROWS)
    run(path)
    before = row_versions(database)

    report = run(path)

    assert (report.new, report.changed, report.unchanged) == (0, 0, 3)
    assert row_versions(database) == before


def test_changes_are_written_and_counted(
    run: Ingest, catalogue: Callable[..., Path], database: Engine
) -> None:
    path = catalogue(ROWS)
    run(path)
    catalogue(["1,Lamp,b.jpg|a.jpg,12.50,EUR,1", "2,Red rug,c.jpg|e.jpg,,,0", ROWS[2]])

    report = run(path)

    assert (report.changed, report.unchanged, report.images_new) == (2, 1, 1)
    found = products(database)
    assert [Path(i.address).name for i in found["1"].images] == ["b.jpg", "a.jpg"]
    assert found["2"].title == "Red rug"
    catalogue(["1,Lamp,b.jpg,12.50,EUR,1", "2,Red rug,c.jpg|e.jpg,,,0", ROWS[2]])
    assert run(path).images_removed == 1


def test_a_changed_picture_keeps_its_embedding_until_encoded_again(
    run: Ingest, catalogue: Callable[..., Path], database: Engine
) -> None:
    path = catalogue(ROWS)
    run(path)
    images(database, state="ready", sha256="ab" * 32)
    (path.parent / "a.jpg").write_bytes(b"other")

    report = run(path)

    assert (report.images_changed, report.changed) == (1, 1)
    first, second = products(database)["1"].images
    assert (first.state, first.sha256) == ("pending", "ab" * 32)
    assert second.state == "ready"
    assert first.fingerprint is not None
    assert first.fingerprint.startswith("5:")


def test_a_picture_that_is_gone_goes_on_working(
    run: Ingest, catalogue: Callable[..., Path], database: Engine
) -> None:
    """An unmounted disk on one night must not empty the index."""
    path = catalogue(ROWS)
    run(path)
    images(database, state="ready", sha256="ab" * 32)
    (path.parent / "c.jpg").unlink()

    report = run(path)

    assert report.remarks == {"picture_gone": 1}
    assert products(database)["2"].images[0].state == "ready"


def test_failed_pictures_are_tried_again(
    run: Ingest, catalogue: Callable[..., Path], database: Engine
) -> None:
    path = catalogue(ROWS)
    run(path)
    images(database, state="failed", error="http_404")

    assert run(path).images_retried == 4
    assert {i.state for p in products(database).values() for i in p.images} == {"pending"}


def test_missing_products_are_retired_and_come_back(
    run: Ingest, catalogue: Callable[..., Path], database: Engine
) -> None:
    rows = [f"{n},Thing {n},{n}.jpg,,," for n in range(10)]
    path = catalogue(rows)
    run(path)
    other = catalogue(["x,Elsewhere,x.jpg,,,"], "other.csv")
    run(other)
    catalogue(rows[:8])

    assert run(path).retired == 2
    found = products(database)
    assert {sku for sku, product in found.items() if product.retired_at} == {"8", "9"}
    catalogue(rows)
    report = run(path)
    assert (report.returned, report.changed, report.new) == (2, 2, 0)
    assert all(product.retired_at is None for product in products(database).values())
    catalogue(rows[:9])
    assert run(path, retire=False).retired == 0


def test_a_broken_export_retires_nothing(
    run: Ingest, catalogue: Callable[..., Path], database: Engine
) -> None:
    rows = [f"{n},Thing {n},{n}.jpg,,," for n in range(10)]
    path = catalogue(rows)
    run(path)
    catalogue([*rows[:6], "new,New thing,new.jpg,,,"])

    with pytest.raises(CatalogueShrunk, match=r"lacks 4 of its 11 products.*--allow-shrink"):
        run(path)
    found = products(database)
    assert "new" in found
    assert not any(product.retired_at for product in found.values())
    assert run(path, allow_shrink=True).retired == 4


def test_a_refused_row_leaves_its_product_as_it_was(
    run: Ingest, catalogue: Callable[..., Path], database: Engine
) -> None:
    path = catalogue(ROWS)
    run(path)
    catalogue(["1,Lamp,a.jpg|b.jpg,-3,EUR,1", "2,,c.jpg,,,0", ROWS[2]])

    report = run(path)

    assert report.refusals == {"negative_price": 1, "empty_title": 1}
    assert report.retired == 0
    found = products(database)
    assert (found["1"].price_cents, found["2"].title) == (1250, "Rug")
    assert not found["1"].retired_at


def test_quarantine_is_that_of_the_last_ingest(
    run: Ingest, catalogue: Callable[..., Path], database: Engine
) -> None:
    path = catalogue(["1,,a.jpg,,,", "2,Rug,c.jpg,odd,,"])
    other = catalogue(["9,,a.jpg,,,"], "other.csv")
    run(path)
    run(other)
    run(path)
    assert quarantine(database) == [
        (2, "9", "empty_title"),
        (2, "1", "empty_title"),
        (3, "2", "odd_price"),
    ]

    catalogue(["1,Lamp,a.jpg,,,", "2,Rug,c.jpg,,,"])
    run(path)
    assert quarantine(database) == [(2, "9", "empty_title")]


def test_duplicates_within_and_across_batches(
    run: Ingest, catalogue: Callable[..., Path], database: Engine
) -> None:
    rows = [f"{n},Thing {n},a.jpg,,," for n in range(1200)]
    path = catalogue([*rows, "0,Late,b.jpg,,,", "1199,Near,b.jpg,,,"])

    report = run(path)

    assert (report.rows, report.new, report.refusals) == (1202, 1200, {"duplicate_sku": 2})
    assert products(database)["0"].title == "Thing 0"
    with session_scope(database) as session:
        details = list(session.scalars(select(Quarantine.detail).order_by(Quarantine.line)))
    assert "line 2 " in details[0]
    assert "line 1201 " in details[1]


def test_a_good_row_counts_after_a_refused_one_of_the_same_sku(
    run: Ingest, catalogue: Callable[..., Path], database: Engine
) -> None:
    path = catalogue(
        ["1,,a.jpg,,,", *(f"x{n},Thing,a.jpg,,," for n in range(600)), "1,Lamp,a.jpg,,,"]
    )

    assert run(path).refusals == {"empty_title": 1}
    assert products(database)["1"].title == "Lamp"


def test_a_product_belongs_to_one_catalogue(
    run: Ingest, catalogue: Callable[..., Path], database: Engine
) -> None:
    first = catalogue(ROWS, "first.csv")
    second = catalogue(["1,Other lamp,a.jpg,,,", "7,Own,a.jpg,,,"], "second.csv")
    run(first)

    report = run(second)

    assert report.refusals == {"sku_of_other_source": 1}
    assert products(database)["1"].title == "Lamp"
    first.unlink()  # the catalogue was renamed: its products go with it
    assert run(second).changed == 1
    assert products(database)["1"].source == str(second)


def test_dated_files_of_one_catalogue_share_a_name(
    run: Ingest, catalogue: Callable[..., Path], database: Engine
) -> None:
    rows = [f"{n},Thing {n},a.jpg,,," for n in range(10)]
    run(open_source(catalogue(rows, "monday.csv"), name="shop"))

    report = run(open_source(catalogue(rows[1:], "tuesday.csv"), name="shop"))

    assert (report.unchanged, report.retired, report.source) == (9, 1, "shop")


def test_only_one_ingest_of_a_catalogue_at_a_time(
    run: Ingest, catalogue: Callable[..., Path], database: Engine
) -> None:
    path = catalogue(ROWS)
    begun, go_on = threading.Event(), threading.Event()

    def wait(_done: int, _total: int | None) -> None:
        begun.set()
        go_on.wait(20)

    first = threading.Thread(target=lambda: run(path, progress=wait))
    first.start()
    try:
        assert begun.wait(20)
        with pytest.raises(AlreadyRunning, match="Another ingest"):
            run(path)
        assert run(catalogue(["9,x,a.jpg,,,"], "other.csv")).new == 1
    finally:
        go_on.set()
        first.join()
    assert run(path).unchanged == 3


def test_an_interrupted_ingest_is_run_again(
    run: Ingest, catalogue: Callable[..., Path], database: Engine
) -> None:
    """Committed rows stay, nothing is retired, the job records the reason, the lock is free."""
    rows = [f"{n},Thing {n},a.jpg,,," for n in range(1100)]
    path = catalogue(rows)

    def stop(done: int, _total: int | None) -> None:
        if done >= 500:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(path, progress=stop)
    assert len(products(database)) == 500
    report = run(path)
    assert (report.new, report.unchanged) == (600, 500)
    with session_scope(database) as session:
        jobs = list(session.scalars(select(Job).order_by(Job.id)))
    assert [(job.kind, job.state) for job in jobs] == [("ingest", "failed"), ("ingest", "done")]
    assert (jobs[1].done, jobs[1].report["new"] if jobs[1].report else 0) == (1100, 600)


def test_a_lost_connection_begins_again(
    run: Ingest, catalogue: Callable[..., Path], database: Engine
) -> None:
    path = catalogue([f"{n},Thing {n},a.jpg,,," for n in range(1100)])
    killed: list[int] = []

    def kill(done: int, _total: int | None) -> None:
        if done == 500 and not killed:
            killed.append(done)
            with session_scope(database) as session:
                session.execute(
                    text(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                        "WHERE pid <> pg_backend_pid() AND datname = current_database()"
                    )
                )

    report = run(path, progress=kill)

    assert killed
    assert (report.rows, report.new, report.unchanged) == (1100, 600, 500)
    assert len(products(database)) == 1100


def test_progress_counts_rows(run: Ingest, catalogue: Callable[..., Path]) -> None:
    told: list[tuple[int, int | None]] = []

    run(
        catalogue([f"{n},Thing {n},a.jpg,,," for n in range(700)]),
        progress=lambda *a: told.append(a),
    )

    assert told == [(0, 700), (500, 700), (700, 700), (700, 700)]


def test_an_unreadable_source_retires_nothing(
    run: Ingest, catalogue: Callable[..., Path], database: Engine
) -> None:
    path = catalogue(ROWS)
    run(path)
    path.write_text("")

    with pytest.raises(UnusableCatalogue, match="empty"):
        run(path)
    assert not any(product.retired_at for product in products(database).values())


@pytest.fixture
def shell(settings: Settings) -> CliRunner:
    """Runs commands with this test's database in the environment."""
    assert os.environ["FINDALIKE_HOME"] == str(settings.home)
    return CliRunner()


def test_command_prints_a_summary(shell: CliRunner, catalogue: Callable[..., Path]) -> None:
    path = catalogue([*ROWS, "1,Again,a.jpg,,,", "5,Lamp,a.jpg,on request,,"])

    result = shell.invoke(ingest_command, [str(path)], catch_exceptions=False)

    assert result.exit_code == 0
    for words in ("new", "duplicate_sku", "odd_price", "quarantine", "5 rows"):
        assert words in result.stdout


def test_command_prints_json(shell: CliRunner, catalogue: Callable[..., Path]) -> None:
    path = catalogue(["1,Lamp,a.jpg,,,"])
    path.write_text(path.read_text().replace("title", "Produktname"))

    result = shell.invoke(
        ingest_command, [str(path), "--map", "title=Produktname", "--json"], catch_exceptions=False
    )

    assert json.loads(result.stdout)["new"] == 1


@pytest.mark.parametrize("wrong", ["title", "nonsense=x", "title="])
def test_command_asked_wrongly(shell: CliRunner, wrong: str) -> None:
    result = shell.invoke(ingest_command, ["x.csv", "--map", wrong])

    assert result.exit_code == 2
    assert "FIELD=COLUMN" in result.stderr
