"""Real worker processes share work, die, come back, and lose or double nothing."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, or_, select

from indexer.commands.encode import encode
from indexer.commands.worker import parse_devices
from indexer.encode_jobs.encode_control import start_encoding
from indexer.fetching.fetch_batch import batch_pictures
from indexer.pictures.spool import Spool
from indexer.queue.broker import waiting_messages
from indexer.queue.celery_app import make_app
from indexer.queue.worker_supervisor import WorkerGroup, default_processes, worker_environment
from scripts.soaking.killing import kill_postmaster
from search.database.connection import open_database, session_scope
from search.database.embedded.postgres_processes import find_postmaster
from search.database.models import ProductImage
from search.errors import WrongSetting
from search.jobs.job_records import read_job
from search.settings import Settings, load_settings
from tests.support.factories import picture_bytes
from tests.support.models.small_encoder import write_checkpoint
from tests.support.servers.gated_server import Gate, serve_gated
from tests.support.waiting import wait_until
from tests.support.working_workers import (
    WITHIN_S,
    add_pictures,
    assert_encoded_once,
    connected,
    finish,
    in_work,
)

WORKER = """
from indexer.commands.worker import worker
from search.telemetry.log_lines import configure_logging
configure_logging()
worker()
"""


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("small"))


@pytest.fixture
def settings(
    settings: Settings, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Settings]:
    """Settings with the small encoder and small batches, for commands and workers too."""
    monkeypatch.setenv("FINDALIKE_MODEL", f"local-dir:{checkpoint}")
    monkeypatch.setenv("FINDALIKE_BATCH_IMAGES", "4")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    load_settings.cache_clear()
    yield load_settings()
    load_settings.cache_clear()


@pytest.fixture
def gate() -> Iterator[Gate]:
    with serve_gated() as served:
        yield served


def test_two_workers_share_and_a_killed_one_loses_nothing(
    database: Engine, settings: Settings, gate: Gate, tmp_path: Path
) -> None:
    add_pictures(database, [gate.address(seed) for seed in range(24)])
    log_file = tmp_path / "worker.log"
    with WorkerGroup(settings, ["cpu", "cpu"], log_file=log_file) as group:
        job_id = start_encoding(database, settings)
        wait_until(lambda: in_work(database) == 2, "both workers hold a batch")
        victim, survivor = group.pids
        assert connected(database) == {victim, survivor}

        os.kill(victim, signal.SIGKILL)
        wait_until(lambda: in_work(database) == 1, "the claims of the killed worker are free")
        gate.open()
        job = finish(database, job_id, settings)
        wait_until(lambda: len(group.pids) == 2, "the killed worker is replaced")

    assert (job.state, job.done, job.failed, job.total) == ("done", 24, 0, 24)
    assert job.report["encoded"] == 24
    assert_encoded_once(database, settings, 24)
    assert [path for path in Spool(settings.root).root.rglob("*") if path.is_file()] == []
    assert group.deaths == 1
    assert victim not in group.pids
    assert group.pids == []
    wait_until(lambda: connected(database) == set(), "no worker is connected")


def test_a_killed_database_does_not_stop_the_job(
    settings: Settings, gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The embedded server dies while a worker holds a batch, and restarts by itself."""
    monkeypatch.delenv("FINDALIKE_DATABASE_URL")
    settings = settings.model_copy(update={"database_url": None})
    database = open_database(settings)
    try:
        add_pictures(database, [gate.address(seed) for seed in range(10)])
        with WorkerGroup(settings, ["cpu"], log_file=tmp_path / "worker.log"):
            job_id = start_encoding(database, settings)
            wait_until(lambda: in_work(database) == 1, "the worker holds a batch")
            postmaster = find_postmaster(settings.root / "postgres")
            assert postmaster is not None
            kill_postmaster(postmaster)
            gate.open()
            job = finish(database, job_id, settings)

        assert (job.state, job.done, job.total, job.report["encoded"]) == ("done", 10, 10, 10)
        assert_encoded_once(database, settings, 10)
    finally:
        database.dispose()


def test_the_command_brings_its_own_workers(
    database: Engine, settings: Settings, tmp_path: Path
) -> None:
    good = []
    for seed in range(5):
        path = tmp_path / f"{seed}.png"
        path.write_bytes(picture_bytes(seed))
        good.append(str(path))
    add_pictures(database, [*good, str(tmp_path / "missing.png")])

    first = CliRunner().invoke(encode, ["--workers", "1"], catch_exceptions=False)
    again = CliRunner().invoke(encode, ["--json"], catch_exceptions=False)

    assert first.exit_code == again.exit_code == 0
    assert "1 worker started for this command" in first.output
    assert "Encoded 5 pictures" in first.output
    assert "missing_file 1" in first.output
    report = json.loads(again.stdout)
    assert (report["state"], report["total"], report["encoded"]) == ("done", 0, 0)
    assert_encoded_once(database, settings, 5)
    assert waiting_messages(make_app(settings)) == 0
    assert connected(database) == set()


def test_workers_end_with_their_supervisor(
    database: Engine, settings: Settings, gate: Gate
) -> None:
    """`findalike worker` is killed as the kernel would: its worker process notices, and ends."""
    assert settings.database_url is not None
    environment = worker_environment(settings, device="cpu")
    supervisor = subprocess.Popen(
        [sys.executable, "-c", WORKER, "--processes", "1"],
        env=environment,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: len(connected(database)) == 1, "a worker is connected")
        (pid,) = connected(database)
        child = psutil.Process(pid)
        supervisor.kill()
        supervisor.wait(10)
        wait_until(lambda: not child.is_running(), "the orphaned worker ends")
        assert connected(database) == set()
    finally:
        supervisor.kill()
        supervisor.wait(10)


def test_sigterm_finishes_the_batch_on_each_device(
    database: Engine, settings: Settings, gate: Gate
) -> None:
    """As on a machine with two GPUs: both take work, and the command names and awaits both."""
    add_pictures(database, [gate.address(seed) for seed in range(16)])
    supervisor = subprocess.Popen(
        [sys.executable, "-c", WORKER, "--devices", "cpu,cpu", "--json"],
        env=worker_environment(settings, device="cpu"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        job_id = start_encoding(database, settings)
        wait_until(lambda: in_work(database) == 2, "both workers hold a batch")
        assert len(connected(database)) == 2
        supervisor.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        assert supervisor.poll() is None  # it waits for the batches
        gate.open()
        output, told = supervisor.communicate(timeout=WITHIN_S)
    finally:
        supervisor.kill()
        supervisor.wait(10)
    assert supervisor.returncode == 0
    assert json.loads(output) == {"processes": 2, "deaths": 0}
    assert "2 workers on cpu" in told
    fetched = or_(ProductImage.fetched_sha256.is_not(None), ProductImage.state == "ready")
    with session_scope(database) as session:
        found = session.scalars(select(ProductImage.id).where(fetched)).all()
        assert len(found) == 2 * batch_pictures(settings)
        assert read_job(session, job_id).failed == 0


def test_the_environment_carries_the_settings(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINDALIKE_BROKER_URL", "redis://elsewhere")
    carried = worker_environment(settings, device="cuda:1")

    assert carried["FINDALIKE_DEVICE"] == "cuda:1"
    assert carried["FINDALIKE_HOME"] == str(settings.root)
    assert carried["FINDALIKE_BATCH_IMAGES"] == "4"
    assert "FINDALIKE_BROKER_URL" not in carried  # unset in these settings


def test_what_is_carried_reads_the_same(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = Settings(
        **settings.model_dump(exclude_none=True, exclude={"cors_origins"}),
        cors_origins=("https://a.example", "https://b.example"),
    )
    for name, value in worker_environment(given, device="cpu").items():
        monkeypatch.setenv(name, value)
    own = {"home", "device", "decode_threads"}
    assert Settings().model_dump(exclude=own) == given.model_dump(exclude=own)


def test_workers_share_out_the_cores(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Together they use as many threads as there are cores; fetching needs two threads each."""
    monkeypatch.delenv("OMP_NUM_THREADS")
    monkeypatch.setattr("os.cpu_count", lambda: 8)

    shares = [worker_environment(settings, device="cpu", workers=n) for n in (1, 2, 8, 20)]

    assert [share["OMP_NUM_THREADS"] for share in shares] == ["8", "4", "1", "1"]
    assert [share["FINDALIKE_DECODE_THREADS"] for share in shares] == ["8", "4", "2", "2"]
    chosen = settings.model_copy(update={"decode_threads": 5})
    share = worker_environment(chosen, device="cpu", workers=8)
    assert share["FINDALIKE_DECODE_THREADS"] == "5"


def test_devices_are_checked(settings: Settings) -> None:
    assert parse_devices("cuda:0, cuda:1") == ["cuda:0", "cuda:1"]
    with pytest.raises(WrongSetting, match="--devices"):
        parse_devices("cuda:0,gpu")
    assert default_processes(settings.model_copy(update={"device": "cuda:0"})) == 1
    assert default_processes(settings) >= 1
