"""The nightly job: complete, limited to changes, one at a time, and always with a report."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine

from indexer.building import staleness
from indexer.commands.reindex import reindex as reindex_command
from search.database.advisory_locks import exclusively
from search.database.connection import session_scope
from search.errors import AlreadyRunning, UnusableCatalogue
from search.index.generation_files import load_generation
from search.index.index_planning import IndexPlan
from search.jobs.job_records import recent_jobs
from search.settings import Settings
from tests.support.factories import picture_bytes
from tests.support.servers.picture_host import serve_pictures
from tests.support.shops.small_catalogue import (
    N,
    Run,
    good_rows,
    indexed_skus,
    live,
    write_catalogue,
)


def test_the_first_run_reads_encodes_builds_and_publishes(
    run: Run, catalogue: Path, database: Engine, settings: Settings, encoded: list[int]
) -> None:
    report = run(catalogue)

    assert report["changed"] is True
    assert report["generation"] == live(database).id
    assert report["manifest"]["measured"]["recall_at_10"] == 1
    assert set(report["seconds"]) == {"ingest", "encode", "build", "publish", "inspect"}
    assert encoded == [N]
    assert indexed_skus(database, settings) == {f"SKU-{i}" for i in range(N)}


def test_a_second_run_changes_nothing(
    run: Run, catalogue: Path, database: Engine, encoded: list[int]
) -> None:
    first = run(catalogue)
    second = run()  # of the catalogues that the first run read

    assert second["changed"] is False
    assert second["generation"] == first["generation"] == live(database).id
    assert set(second["seconds"]) == {"ingest", "encode"}
    assert second["sources"][0]["unchanged"] == N
    assert second["products"] == first["products"]
    assert encoded == [N, 0]
    with session_scope(database) as session:
        assert [job.state for job in recent_jobs(session)] == ["done"] * len(recent_jobs(session))


def test_a_new_price_is_indexed_without_encoding(
    run: Run, catalogue: Path, database: Engine, settings: Settings, encoded: list[int]
) -> None:
    first = run(catalogue)
    write_catalogue(catalogue.parent, ["SKU-0,Thing 0,0.png,99.00", *good_rows()[1:]])

    second = run()

    assert second["changed"] is True
    assert second["generation"] != first["generation"]
    assert encoded == [N, 0]
    row = live(database)
    generation = load_generation(settings.root / "generations" / row.directory, row.id)
    assert 9900 in generation.columns.price_cents.tolist()


def test_new_changed_and_gone_products(
    run: Run, catalogue: Path, database: Engine, settings: Settings, encoded: list[int]
) -> None:
    run(catalogue)
    write_catalogue(catalogue.parent, [*good_rows()[1:], "SKU-9,Thing 9,9.png,9.00"])

    report = run(catalogue)

    assert indexed_skus(database, settings) == {f"SKU-{i}" for i in (1, 2, 3, 4, 5, 9)}
    assert encoded == [N, 1]
    assert report["products"] == {
        "rows": N,
        "refused": 0,
        "products": N + 1,
        "indexed": N,
        "without_picture": 0,
        "retired": 1,
        "waiting": 0,
    }


def test_all_that_comes_in_is_accounted_for(run: Run, tmp_path: Path) -> None:
    bad = ["SKU-7,,7.png,1.00", "SKU-8,No picture,missing.png,1.00", "SKU-9,Cheap,9.png,-1.00"]
    catalogue = write_catalogue(tmp_path / "shop", [*good_rows(), *bad])

    found = run(catalogue)["products"]

    assert found["rows"] == N + 3
    assert found["without_picture"] >= 1
    assert found["refused"] >= 1
    assert found["indexed"] >= N
    assert found["rows"] == found["refused"] + found["indexed"] + found["without_picture"]


def test_a_product_without_a_picture_counts_though_the_index_stays(
    run: Run, catalogue: Path
) -> None:
    """Nothing indexed changes, so nothing is built; but the report counts the product."""
    run(catalogue)
    write_catalogue(catalogue.parent, [*good_rows(), "SKU-8,No picture,missing.png,1.00"])

    report = run()

    assert report["changed"] is False
    assert report["products"]["without_picture"] == 1
    assert report["products"]["products"] == N + 1


def test_a_run_keeps_examples_and_costs(run: Run, tmp_path: Path) -> None:
    """The report has examples of new and refused products, and the time of each stage."""
    run(write_catalogue(tmp_path / "shop", good_rows()))
    rows = [*good_rows(), "SKU-N,New thing,9.png,1.00", "SKU-B,Bad thing,bad.png,1.00"]
    (tmp_path / "shop" / "bad.png").write_bytes(b"no picture")
    report = run(write_catalogue(tmp_path / "shop", rows))

    found = report["examples"]
    assert {one["sku"] for one in found["new"]} == {"SKU-N", "SKU-B"}
    assert [(one["sku"], one["reason"]) for one in found["refused"]] == [("SKU-B", "not_a_picture")]
    assert report["cost"].keys() == report["seconds"].keys()
    assert report["encode"]["worker_ms"] > 0


def test_other_settings_for_the_index_lead_to_another_index(
    run: Run, catalogue: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The catalogue did not change, but the wanted index did."""
    first = run(catalogue)

    def planned(settings: Settings, n: int, d: int) -> IndexPlan:
        return IndexPlan("Flat,", f"as if {settings.model} and {n} × {d} asked for another")

    monkeypatch.setattr(staleness, "plan_for", planned)
    second = run()

    assert (first["changed"], second["changed"]) == (True, True)
    assert second["generation"] != first["generation"]


def test_without_any_catalogue_it_says_what_to_do(run: Run) -> None:
    with pytest.raises(UnusableCatalogue, match="findalike reindex SOURCE"):
        run()


def test_one_run_at_a_time(run: Run, catalogue: Path, database: Engine) -> None:
    with (
        exclusively(database, "reindex"),
        pytest.raises(AlreadyRunning, match="Another reindex is at work"),
    ):
        run(catalogue)


def test_the_command_does_it_all_with_a_worker_of_its_own(
    catalogue: Path, settings: Settings, database: Engine
) -> None:
    arguments = [str(catalogue), "--workers", "1"]

    first = CliRunner().invoke(reindex_command, arguments, catch_exceptions=False)
    again = CliRunner().invoke(reindex_command, ["--json"], catch_exceptions=False)

    assert first.exit_code == again.exit_code == 0
    assert f"{N} rows, {N} new" in first.stdout
    assert f"Encoded {N} pictures, refused 0." in first.stdout
    assert f"products indexed {N}, without usable picture 0, retired 0" in first.stdout
    assert f"Generation {live(database).id} is live." in first.stdout
    report = json.loads(again.stdout)
    assert report["changed"] is False
    assert report["products"]["indexed"] == N


def test_a_catalogue_that_is_not_there_is_asked_wrongly(settings: Settings) -> None:
    assert CliRunner().invoke(reindex_command, ["/nowhere/at/all.csv"]).exit_code == 2


def test_the_report_says_what_hosts_answered(run: Run, tmp_path: Path) -> None:
    """Pictures over HTTP: new the first time, unchanged the second time."""
    with serve_pictures() as host:
        addresses = [host.put(f"{seed}.png", picture_bytes(seed)) for seed in range(N)]
        rows = [f"SKU-{i},Thing {i},{address}," for i, address in enumerate(addresses)]
        first = run(write_catalogue(tmp_path / "shop", rows))
        host.put("0.png", picture_bytes(99))
        second = run(recheck_hours=0)

    assert (first["fetch"]["asked"], first["fetch"]["new"]) == (N, N)
    assert (second["fetch"]["changed"], second["fetch"]["not_modified"]) == (1, N - 1)
    assert second["encode"]["encoded"] == 1
    assert second["fetch"]["put_off"] == {}
