"""The nightly job: all of it, only what changed, one at a time, and always an account."""

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

import indexer.reindex as reindex_module
from indexer import up_to_date
from indexer.commands.reindex import reindex as reindex_command
from indexer.encode import encode_all
from indexer.reindex import Reindex
from indexer.sweep import sweep
from search.advisory_locks import exclusively
from search.db import session_scope
from search.encoder import Encoder
from search.errors import AlreadyRunning, CatalogueShrunk, RehearsalRefused, UnusableCatalogue
from search.generation import TEMPORARY, VECTORS, load_generation
from search.jobs import JobView, latest_job, recent_jobs, start_job
from search.models import Embedding, Product
from search.models import Generation as GenerationRow
from search.operation.alarm import Alarm
from search.settings import Settings, load_settings
from search.training import IndexPlan
from tests.factories import picture_bytes
from tests.generations import flip_byte
from tests.picture_host import serve_pictures

N = 6
Run = Callable[..., dict[str, Any]]


@pytest.fixture
def settings(
    settings: Settings, small_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """The small encoder, for commands and workers too."""
    monkeypatch.setenv("FINDALIKE_MODEL", f"local-dir:{small_checkpoint}")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    load_settings.cache_clear()
    return load_settings()


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch, small_encoder: Encoder) -> list[int]:
    """Encode in this process, which needs no worker to start; the list counts pictures."""
    counts: list[int] = []

    def encode_here(database: Engine, settings: Settings, **_: object) -> JobView:
        job = encode_all(database, settings, small_encoder)
        counts.append(job.report.get("encoded", 0))
        return job

    monkeypatch.setattr(reindex_module, "run_encoding", encode_here)
    return counts


@pytest.fixture
def run(settings: Settings, encoded: list[int]) -> Run:
    def call(*sources: Path, **changed: object) -> dict[str, Any]:
        changed_settings = settings.model_copy(update=changed)
        return Reindex(changed_settings, quiet=True).run([str(source) for source in sources])

    return call


def write_catalogue(folder: Path, rows: Sequence[str]) -> Path:
    """Write rows `sku,title,image,price`, and a picture for each that is named by a number."""
    folder.mkdir(exist_ok=True)
    for row in rows:
        image = row.split(",")[2]
        if (number := image.removesuffix(".png")).isdecimal():
            (folder / image).write_bytes(picture_bytes(int(number)))
    path = folder / "catalogue.csv"
    path.write_text("\n".join(["sku,title,image,price", *rows]) + "\n", encoding="utf-8")
    return path


def good_rows(n: int = N) -> list[str]:
    return [f"SKU-{i},Thing {i},{i}.png,{i}.50" for i in range(n)]


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    return write_catalogue(tmp_path / "shop", good_rows())


def live(database: Engine) -> GenerationRow:
    with session_scope(database) as session:
        return session.scalars(select(GenerationRow).where(GenerationRow.state == "live")).one()


def indexed_skus(database: Engine, settings: Settings) -> set[str]:
    row = live(database)
    generation = load_generation(settings.root / "generations" / row.directory, row.id)
    with session_scope(database) as session:
        skus = {product.id: product.sku for product in session.scalars(select(Product))}
    return {skus[product_id] for product_id in generation.columns.product_id.tolist()}


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
    second = run()  # of the catalogues read before

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
    """It changes nothing that is indexed, so nothing is built, but it came in."""
    run(catalogue)
    write_catalogue(catalogue.parent, [*good_rows(), "SKU-8,No picture,missing.png,1.00"])

    report = run()

    assert report["changed"] is False
    assert report["products"]["without_picture"] == 1
    assert report["products"]["products"] == N + 1


def test_a_run_keeps_examples_and_costs(run: Run, tmp_path: Path) -> None:
    """Products to look at, of what came and of what was refused; what each stage took."""
    run(write_catalogue(tmp_path / "shop", good_rows()))
    rows = [*good_rows(), "SKU-N,New thing,9.png,1.00", "SKU-B,Bad thing,bad.png,1.00"]
    (tmp_path / "shop" / "bad.png").write_bytes(b"no picture")
    report = run(write_catalogue(tmp_path / "shop", rows))

    found = report["examples"]
    assert {one["sku"] for one in found["new"]} == {"SKU-N", "SKU-B"}
    assert [(one["sku"], one["reason"]) for one in found["refused"]] == [("SKU-B", "not_a_picture")]
    assert report["cost"].keys() == report["seconds"].keys()
    assert report["encode"]["worker_ms"] > 0


def test_a_damaged_shard_is_healed(
    run: Run, catalogue: Path, database: Engine, settings: Settings, encoded: list[int]
) -> None:
    """Its pictures are encoded again, and the run goes on."""
    run(catalogue)
    with session_scope(database) as session:
        shard = session.scalars(select(Embedding.shard).distinct()).one()
    flip_byte(next(settings.root.glob(f"embeddings/*/{shard}")))
    write_catalogue(catalogue.parent, good_rows(N + 1))

    report = run()

    assert report["embeddings_healed"] == N
    assert encoded == [N, 1, N]
    assert len(indexed_skus(database, settings)) == N + 1


def test_a_damaged_live_generation_is_built_anew(
    run: Run, catalogue: Path, database: Engine, settings: Settings
) -> None:
    first = run(catalogue)
    (settings.root / "generations" / live(database).directory / VECTORS).unlink()

    second = run()

    assert second["changed"] is True
    assert second["generation"] != first["generation"]


def test_other_settings_for_the_index_lead_to_another_index(
    run: Run, catalogue: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing in the catalogue changed, but the index to build from it did."""
    first = run(catalogue)

    def planned(settings: Settings, n: int, d: int) -> IndexPlan:
        return IndexPlan("Flat,", f"as if {settings.model} and {n} × {d} asked for another")

    monkeypatch.setattr(up_to_date, "plan_for", planned)
    second = run()

    assert (first["changed"], second["changed"]) == (True, True)
    assert second["generation"] != first["generation"]


def test_a_failed_publication_leaves_the_live_generation(
    run: Run, catalogue: Path, database: Engine
) -> None:
    first = run(catalogue)
    write_catalogue(catalogue.parent, good_rows(N + 1))

    # An impossible floor stands for an index that turned out bad.
    with pytest.raises(RehearsalRefused):
        run(recall_floor=1.5)

    assert live(database).id == first["generation"]
    with session_scope(database) as session:
        latest = next(job for job in recent_jobs(session) if job.kind == "reindex")
    assert (latest.state, latest.done) == ("failed", 3)
    assert "what was live stays" in (latest.error or "")
    assert latest.report["rehearsal"]["refused"] is True

    assert run()["changed"] is True  # the next run goes on from there


def test_an_unreadable_catalogue_stops_before_anything_changes(
    run: Run, catalogue: Path, database: Engine, tmp_path: Path, encoded: list[int]
) -> None:
    first = run(catalogue)

    with pytest.raises(UnusableCatalogue):
        run(tmp_path / "nowhere.csv")

    assert live(database).id == first["generation"]
    assert encoded == [N]


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda content: b"", id="empty"),
        pytest.param(lambda content: content.splitlines()[0] + b"\n", id="header only"),
        pytest.param(lambda content: content[: len(content) // 2], id="cut in half"),
        pytest.param(lambda content: content.decode().encode("utf-16"), id="UTF-16"),
        pytest.param(lambda content: content.replace(b"Thing", b"Th\xefng"), id="latin-1"),
        pytest.param(lambda content: b"<html>502 Bad Gateway</html>", id="a web page"),
    ],
)
def test_a_spoilt_feed_takes_nothing_away(
    run: Run, catalogue: Path, database: Engine, settings: Settings, spoil: Callable[[bytes], bytes]
) -> None:
    """Whatever of it can't be read, no product goes, and the live index holds all of them."""
    first = run(catalogue)
    catalogue.write_bytes(spoil(catalogue.read_bytes()))

    with suppress(UnusableCatalogue):
        run(catalogue)

    assert indexed_skus(database, settings) == {f"SKU-{i}" for i in range(N)}
    with session_scope(database) as session:
        assert session.scalars(select(Product.retired_at)).all() == [None] * N
    assert live(database).id == first["generation"]


def test_a_feed_whose_last_row_is_cut_off_stops_for_a_person(
    run: Run, tmp_path: Path, database: Engine, settings: Settings
) -> None:
    """JSON Lines, and all but the last half row arrived: that product stays as it was."""
    folder = tmp_path / "shop"
    write_catalogue(folder, good_rows()).unlink()
    rows = [
        json.dumps({"sku": f"SKU-{i}", "title": f"Thing {i}", "image": f"{i}.png"})
        for i in range(N)
    ]
    feed = folder / "catalogue.jsonl"
    feed.write_text("\n".join(rows) + "\n", encoding="utf-8")
    run(feed, shrink_limit=0.1)
    feed.write_text("\n".join(rows)[:-20], encoding="utf-8")

    with pytest.raises(CatalogueShrunk, match="--allow-shrink"):
        run(feed, shrink_limit=0.1)

    assert indexed_skus(database, settings) == {f"SKU-{i}" for i in range(N)}


def test_a_doubled_feed_doubles_nothing(
    run: Run, catalogue: Path, database: Engine, settings: Settings
) -> None:
    run(catalogue)
    header, *rows = catalogue.read_text(encoding="utf-8").splitlines()
    catalogue.write_text("\n".join([header, *rows, *rows]) + "\n", encoding="utf-8")

    report = run(catalogue)

    assert report["changed"] is False
    assert report["sources"][0]["refusals"] == {"duplicate_sku": N}
    assert report["products"]["products"] == report["products"]["indexed"] == N


def test_a_shrunken_feed_stops_everything_and_is_told(
    run: Run, catalogue: Path, database: Engine, settings: Settings, tmp_path: Path
) -> None:
    """Nothing of the other catalogues is published either: a person looks first."""
    first = run(catalogue)
    write_catalogue(catalogue.parent, good_rows(2))
    other = write_catalogue(tmp_path / "other", ["OTHER,Thing,9.png,1.00"])

    with capture_logs() as logs, pytest.raises(CatalogueShrunk, match="--allow-shrink"):
        run(catalogue, other)

    assert live(database).id == first["generation"]
    [alarm] = [line for line in logs if line["event"] == "alarm"]
    assert (alarm["alarm"], alarm["error"]) == ("reindex_refused", "CatalogueShrunk")
    assert alarm["job"]

    report = Reindex(settings, allow_shrink=True, quiet=True).run([str(catalogue), str(other)])
    assert report["rehearsal"]["in_spite_of"] == []
    assert indexed_skus(database, settings) == {"SKU-0", "SKU-1", "OTHER"}


def test_every_failure_is_told_but_a_second_run(
    run: Run, catalogue: Path, database: Engine, tmp_path: Path
) -> None:
    with capture_logs() as logs:
        with exclusively(database, "reindex"), pytest.raises(AlreadyRunning):
            run(catalogue)
        with pytest.raises(UnusableCatalogue):
            run(tmp_path / "nowhere.csv")

    alarms = [line for line in logs if line["event"] == "alarm"]
    assert [alarm["error"] for alarm in alarms] == ["UnusableCatalogue"]


def test_a_refused_index_is_told_with_its_checks(
    run: Run, catalogue: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Alarm] = []
    monkeypatch.setattr(reindex_module, "raise_alarm", lambda _settings, alarm: told.append(alarm))

    with pytest.raises(RehearsalRefused):
        run(catalogue, recall_floor=1.5)

    assert {check["name"]: check["verdict"] for check in told[0].checks}["recall"] == "failed"


@pytest.mark.parametrize("stage", ["ingest", "run_encoding", "build_generation", "publish"])
def test_a_restart_of_the_database_costs_a_repetition(
    run: Run,
    catalogue: Path,
    database: Engine,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    stage: str,
) -> None:
    """All connections break in the middle of a stage, the lock's among them."""
    work, calls = getattr(reindex_module, stage), []

    def broken_once(*args: Any, **options: Any) -> Any:
        calls.append(stage)
        result = work(*args, **options)
        if len(calls) == 1:  # what was done is lost: nobody hears of it
            cut_connections(database)
            raise OperationalError("SELECT 1", {}, Exception("server closed the connection"))
        return result

    def one_at_a_time(*_args: Any, **_options: Any) -> dict[str, Any]:
        with pytest.raises(AlreadyRunning, match="findalike-reindex"):
            exclusively(database, "reindex").__enter__()
        return {}

    monkeypatch.setattr(reindex_module, stage, broken_once)
    monkeypatch.setattr(reindex_module, "look_after", one_at_a_time)

    report = run(catalogue)

    # What was built before the connection broke is found again, and not built twice.
    assert len(calls) == (1 if stage == "build_generation" else 2)
    assert report["generation"] == live(database).id
    assert indexed_skus(database, settings) == {f"SKU-{i}" for i in range(N)}
    with session_scope(database) as session:
        assert latest_job(session, "reindex", "done") is not None
        kept = session.scalars(select(GenerationRow.state)).all()
    assert sorted(kept) == ["live"]
    assert len(list(settings.root.glob("generations/*"))) == 1


def cut_connections(database: Engine) -> None:
    """Let the server end every connection to this database but the one that asks for it."""
    with session_scope(database) as session:
        session.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )


def test_what_a_killed_run_left_behind_is_gone_after_the_next(
    run: Run, catalogue: Path, database: Engine, settings: Settings
) -> None:
    """Though nothing changed, so that nothing is encoded or built."""
    run(catalogue)
    [shard] = settings.root.glob("embeddings/*/*.safetensors")
    (orphan := shard.with_name("20260101T000000-orphan.safetensors")).write_bytes(b"half")
    (half := shard.with_name(".x.safetensors.tmp")).write_bytes(b"half")
    building = settings.root / "generations" / f"{TEMPORARY}dead"
    building.mkdir()
    renamed = settings.root / "generations" / "dead"
    renamed.mkdir()
    with session_scope(database) as session:
        session.add(GenerationRow(state="building", model_tag="m", directory="dead"))
        start_job(session, "ingest", report={"source": str(catalogue)})
        start_job(session, "reindex")

    report = run()

    assert report["swept"] == {"builds": 1, "shards": 2, "ingests": 1}
    assert not any(path.exists() for path in (orphan, half, building, renamed))
    assert shard.exists()
    with session_scope(database) as session:
        assert {job.state for job in recent_jobs(session)} == {"done", "failed"}


def test_a_shard_about_to_be_recorded_is_left_alone(
    run: Run, catalogue: Path, database: Engine, settings: Settings
) -> None:
    run(catalogue)
    [shard] = settings.root.glob("embeddings/*/*.safetensors")
    (fresh := shard.with_name("20260101T000000-fresh.safetensors")).write_bytes(b"whole")

    with database.connect() as batch:
        batch.execute(text("SELECT id FROM product_image LIMIT 1 FOR UPDATE SKIP LOCKED"))
        assert sweep(database, settings)["shards"] == 0
        assert fresh.exists()
    assert sweep(database, settings)["shards"] == 1


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
    """Pictures on the network: new the first time, as before the second time."""
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
