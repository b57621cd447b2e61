"""Things break beside a run or under it: the next run continues, and somebody is notified."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

import indexer.nightly.reindex_run as reindex_module
from indexer.nightly.crash_cleanup import clean_up
from search.database.advisory_locks import exclusively
from search.database.connection import session_scope
from search.database.models import Embedding, GenerationRow
from search.errors import AlreadyRunning, RehearsalRefused, UnusableCatalogue
from search.index.generation_files import TEMPORARY, VECTORS
from search.jobs.job_records import latest_job, recent_jobs, start_job
from search.operation.alarm import Alarm
from search.settings import Settings
from tests.support.shops.small_catalogue import (
    N,
    Run,
    good_rows,
    indexed_skus,
    live,
    write_catalogue,
)
from tests.support.written_generations import flip_byte


def test_a_damaged_shard_is_healed(
    run: Run, catalogue: Path, database: Engine, settings: Settings, encoded: list[int]
) -> None:
    """Its pictures are encoded again, and the run continues."""
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


def test_a_failed_publication_leaves_the_live_generation(
    run: Run, catalogue: Path, database: Engine
) -> None:
    first = run(catalogue)
    write_catalogue(catalogue.parent, good_rows(N + 1))

    # An impossible recall floor stands for a bad index.
    with pytest.raises(RehearsalRefused):
        run(recall_floor=1.5)

    assert live(database).id == first["generation"]
    with session_scope(database) as session:
        latest = next(job for job in recent_jobs(session) if job.kind == "reindex")
    assert (latest.state, latest.done) == ("failed", 3)
    assert "what was live stays" in (latest.error or "")
    assert latest.report["rehearsal"]["refused"] is True

    assert run()["changed"] is True  # the next run continues from there


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
    """All connections break in the middle of a stage, including that of the lock."""
    work, calls = getattr(reindex_module, stage), []

    def broken_once(*args: Any, **options: Any) -> Any:
        calls.append(stage)
        result = work(*args, **options)
        if len(calls) == 1:  # the stage is done, but its result is lost
            cut_connections(database)
            raise OperationalError("SELECT 1", {}, Exception("server closed the connection"))
        return result

    def one_at_a_time(*_args: Any, **_options: Any) -> dict[str, Any]:
        with pytest.raises(AlreadyRunning, match="findalike-reindex"):
            exclusively(database, "reindex").__enter__()
        return {}

    monkeypatch.setattr(reindex_module, stage, broken_once)
    monkeypatch.setattr(reindex_module, "inspect_live", one_at_a_time)

    report = run(catalogue)

    # The generation built before the connection broke is found again, not built twice.
    assert len(calls) == (1 if stage == "build_generation" else 2)
    assert report["generation"] == live(database).id
    assert indexed_skus(database, settings) == {f"SKU-{i}" for i in range(N)}
    with session_scope(database) as session:
        assert latest_job(session, "reindex", "done") is not None
        kept = session.scalars(select(GenerationRow.state)).all()
    assert sorted(kept) == ["live"]
    assert len(list(settings.root.glob("generations/*"))) == 1


def cut_connections(database: Engine) -> None:
    """Let the server end every other connection to this database."""
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
    """Even if nothing changed, so that nothing is encoded or built."""
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
        assert clean_up(database, settings)["shards"] == 0
        assert fresh.exists()
    assert clean_up(database, settings)["shards"] == 1
