"""A build succeeds as a whole or leaves nothing, and never changes the live generation."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, select

import indexer.building.build_generation as build_module
from indexer.building.build_generation import TEMPORARY, build_generation
from indexer.commands.build import build
from search.database.advisory_locks import exclusively
from search.database.connection import session_scope
from search.database.models import GENERATION_STATES, Embedding, GenerationRow, Product
from search.encoder import Encoder
from search.errors import AlreadyRunning, DamagedShard, NothingToBuild
from search.index.generation_files import (
    INDEX,
    Generation,
    load_generation,
    read_manifest,
    verify_files,
)
from search.index.manifest_files import MANIFEST
from search.jobs.job_records import recent_jobs
from search.publication.publishing import publish
from search.results import Filters
from search.settings import Settings, load_settings
from tests.support.shops.encoded_shop import fill_shop, product_of
from tests.support.written_generations import flip_byte

WITHIN_S = 60.0


def rows(database: Engine) -> list[GenerationRow]:
    with session_scope(database) as session:
        return list(session.scalars(select(GenerationRow).order_by(GenerationRow.id)))


def states(database: Engine) -> list[str]:
    found = [row.state for row in rows(database)]
    assert set(found) <= set(GENERATION_STATES)
    return found


def directories(settings: Settings) -> list[str]:
    return sorted(path.name for path in (settings.root / "generations").glob("*"))


def load(database: Engine, settings: Settings, generation_id: int) -> Generation:
    row = next(row for row in rows(database) if row.id == generation_id)
    return load_generation(settings.root / "generations" / row.directory, row.id)


def test_a_small_shop_gets_an_exact_index(
    database: Engine, settings: Settings, small_encoder: Encoder
) -> None:
    vectors = fill_shop(database, settings, small_encoder.tag, 120)
    steps: list[str] = []

    built = build_generation(database, settings, small_encoder, progress=steps.append)

    generation = load(database, settings, built)
    manifest = generation.manifest
    assert states(database) == ["verified"]
    assert rows(database)[0].manifest == manifest.model_dump(mode="json")
    assert directories(settings) == [manifest.name]
    assert (manifest.factory, manifest.vectors, manifest.products) == ("Flat", 120, 120)
    assert "exact search is fast" in manifest.reason
    assert manifest.measured.recall_at_10 == 1
    assert manifest.model_tag == small_encoder.tag
    assert (generation.vectors == vectors.astype(np.float16)).all()  # in order of products
    assert steps[0] == "Reading the catalogue"
    assert "Training Flat" in steps


def test_a_larger_shop_gets_lists_and_measured_nprobe(
    database: Engine, settings: Settings, small_encoder: Encoder
) -> None:
    vectors = fill_shop(database, settings, small_encoder.tag, 1200)

    built = build_generation(database, settings, small_encoder)

    generation = load(database, settings, built)
    manifest = generation.manifest
    assert manifest.factory == "IVF30,PQ32x8np"
    assert (manifest.nlist, manifest.m) == (30, 32)
    assert 0 < manifest.nprobe <= 30
    assert generation.index.nprobe == manifest.nprobe
    assert manifest.measured.recall_at_10 >= settings.recall_target
    assert manifest.measured.queries == 400
    found = generation.candidates(vectors[700], 5)
    product = product_of(database, 700)
    assert product in generation.columns.product_id[found.rows].tolist()
    keep = generation.columns.mask(Filters(categories=("Fashion",), max_price_cents=500))
    assert set(generation.candidates(vectors[700], 10, keep).rows) <= set(np.flatnonzero(keep))


def test_memory_asked_for_decides_the_code_length(
    database: Engine, settings: Settings, small_encoder: Encoder
) -> None:
    fill_shop(database, settings, small_encoder.tag, 1000)
    other = build_module.plan_for(settings.model_copy(update={"index_memory_mb": 1}), 131_072, 32)

    assert other.m == 8
    assert build_module.plan_for(settings, 131_072, 32).m == 32


def test_the_job_is_recorded(database: Engine, settings: Settings, small_encoder: Encoder) -> None:
    fill_shop(database, settings, small_encoder.tag, 20)
    built = build_generation(database, settings, small_encoder)

    with session_scope(database) as session:
        (job,) = recent_jobs(session)
    assert (job.kind, job.state, job.done, job.total) == ("build", "done", 7, 7)
    # The job's report outlives the generation.
    kept = {key: job.report[key] for key in ("generation", "vectors", "products", "factory")}
    assert kept == {"generation": built, "vectors": 20, "products": 20, "factory": "Flat"}
    assert job.report["measured"]["recall_at_10"] == 1
    assert job.report["measured"]["ann_ms"]["p95"] > 0
    (directory,) = (settings.root / "generations").iterdir()
    files = [path for path in directory.iterdir() if path.name != MANIFEST]
    assert job.report["bytes"] == sum(path.stat().st_size for path in files)
    assert {"Training Flat", "Measuring recall"} < job.report["seconds"].keys()


def test_nothing_encoded_is_said(
    database: Engine, settings: Settings, small_encoder: Encoder
) -> None:
    with pytest.raises(NothingToBuild, match="No product has an encoded picture"):
        build_generation(database, settings, small_encoder)

    assert states(database) == []
    assert directories(settings) == []


def test_embeddings_of_another_model_are_not_mixed_in(
    database: Engine, settings: Settings, small_encoder: Encoder
) -> None:
    fill_shop(database, settings, "another-model", 30, d=16)
    fill_shop(database, settings, small_encoder.tag, 20, first=30)

    built = build_generation(database, settings, small_encoder)

    manifest = load(database, settings, built).manifest
    assert (manifest.vectors, manifest.dim) == (20, 32)
    assert manifest.left_out["products_without_picture"] == 30


def test_products_in_are_products_accounted_for(
    database: Engine, settings: Settings, small_encoder: Encoder
) -> None:
    fill_shop(database, settings, small_encoder.tag, 20)
    with session_scope(database) as session:
        products = session.scalars(select(Product)).all()
        products[0].retired_at = products[0].created_at
        products[1].images[0].state = "failed"

    built = build_generation(database, settings, small_encoder)

    manifest = load(database, settings, built).manifest
    left_out = manifest.left_out
    accounted = left_out["products_without_picture"] + left_out["products_retired"]
    assert manifest.products + accounted == len(products) == 20
    assert left_out["pictures_refused"] == 1


def test_a_damaged_shard_fails_the_build_and_leaves_nothing(
    database: Engine, settings: Settings, small_encoder: Encoder
) -> None:
    fill_shop(database, settings, small_encoder.tag, 150)
    with session_scope(database) as session:
        shard = session.scalars(select(Embedding.shard).limit(1)).one()
    flip_byte(next((settings.root / "embeddings").glob(f"*/{shard}")))

    with pytest.raises(DamagedShard, match=shard):
        build_generation(database, settings, small_encoder)

    assert states(database) == ["failed"]
    assert directories(settings) == []


@pytest.mark.parametrize("step", ["write_columns", "write_index", "verify_files", "_finish"])
def test_a_refusing_disk_leaves_nothing_and_live_stays_live(
    database: Engine,
    settings: Settings,
    small_encoder: Encoder,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    fill_shop(database, settings, small_encoder.tag, 20)
    live = publish(database, settings, build_generation(database, settings, small_encoder))
    before = directories(settings)

    def refuse(*_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(build_module, step, refuse)
    with pytest.raises(OSError, match="No space left"):
        build_generation(database, settings, small_encoder)

    assert states(database) == ["live", "failed"]
    assert directories(settings) == before
    verify_files(settings.root / "generations" / before[0])
    with session_scope(database) as session:
        assert recent_jobs(session)[0].error == "No space left on device"
    assert rows(database)[0].id == live


def test_two_builds_at_once_are_one_too_many(
    database: Engine, settings: Settings, small_encoder: Encoder
) -> None:
    fill_shop(database, settings, small_encoder.tag, 20)

    with (
        exclusively(database, "build"),
        pytest.raises(AlreadyRunning, match="Another build is at work"),
    ):
        build_generation(database, settings, small_encoder)

    assert states(database) == []


KILLED = """
import sys, time
import indexer.building.build_generation as build_module
from search.telemetry.log_lines import configure_logging
from search.database.connection import open_database
from search.encoder import load_encoder
from search.settings import load_settings

configure_logging()
settings = load_settings()

def stop(*arguments):
    print("there", flush=True)
    time.sleep(60)

setattr(build_module, sys.argv[1], stop)
database = open_database(settings)
build_module.build_generation(database, settings, load_encoder(settings.model, "cpu"))
"""


@pytest.mark.parametrize("step", ["calibrate", "_finish"])
def test_a_killed_build_changes_nothing_and_the_next_cleans_up(
    database: Engine,
    settings: Settings,
    small_encoder: Encoder,
    small_checkpoint: Path,
    step: str,
) -> None:
    """It is killed while it calibrates, or between the rename and marking the row verified."""
    fill_shop(database, settings, small_encoder.tag, 20)
    live = publish(database, settings, build_generation(database, settings, small_encoder))
    before = directories(settings)
    environment = os.environ | {"FINDALIKE_MODEL": f"local-dir:{small_checkpoint}"}
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, step], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "there\n"
        os.kill(process.pid, signal.SIGKILL)
    left = [name for name in directories(settings) if name not in before]

    assert len(left) == 1
    assert left[0].startswith(TEMPORARY) == (step == "calibrate")
    assert states(database) == ["live", "building"]
    verify_files(settings.root / "generations" / before[0])

    built = _build_when_free(database, settings, small_encoder)

    assert states(database) == ["live", "failed", "verified"]
    assert [row.id for row in rows(database)][::2] == [live, built]
    assert len(directories(settings)) == 2
    assert left[0] not in directories(settings)
    with session_scope(database) as session:
        newest, killed, _ = (job for job in recent_jobs(session) if job.kind == "build")
    assert (newest.state, killed.state) == ("done", "failed")


def _build_when_free(database: Engine, settings: Settings, encoder: Encoder) -> int:
    """Build as soon as the server has closed the killed builder's connection."""
    deadline = time.monotonic() + WITHIN_S
    while True:
        try:
            return build_generation(database, settings, encoder)
        except AlreadyRunning:
            assert time.monotonic() < deadline
            time.sleep(0.02)


@pytest.fixture
def shop_command(
    database: Engine,
    settings: Settings,
    small_encoder: Encoder,
    small_checkpoint: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Settings:
    """A shop whose settings commands read, with the small encoder."""
    fill_shop(database, settings, small_encoder.tag, 20)
    monkeypatch.setenv("FINDALIKE_MODEL", f"local-dir:{small_checkpoint}")
    load_settings.cache_clear()
    return settings


def test_the_command_prints_what_was_built(shop_command: Settings) -> None:
    outcome = CliRunner().invoke(build, catch_exceptions=False)

    assert outcome.exit_code == 0
    assert "20 pictures of 20 products in Flat" in outcome.output
    assert "Recall at 10 against exact search 1.000" in outcome.output
    assert "`findalike publish` makes it live" in outcome.output


def test_the_command_prints_json(shop_command: Settings) -> None:
    outcome = CliRunner().invoke(build, ["--json"], catch_exceptions=False)

    printed = json.loads(outcome.stdout)
    (name,) = directories(shop_command)
    manifest = read_manifest(shop_command.root / "generations" / name)
    assert printed["manifest"] == manifest.model_dump(mode="json")
    assert printed["manifest"]["files"][INDEX]["bytes"] > 0
