"""The parts of a production shop as processes: broker, workers of each queue, beat.

Each test runs on a real Redis and on a real RabbitMQ.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from celery.beat import PersistentScheduler
from click.testing import CliRunner
from sqlalchemy import Engine, select

from indexer.beat import make_beat
from indexer.broker import BUILD_QUEUE, ENCODE_QUEUE, FETCH_QUEUE, prepare_broker, waiting_messages
from indexer.celery_app import REINDEX, make_app
from indexer.commands.reindex import reindex
from indexer.ingest import ingest
from indexer.workers import WorkerGroup, worker_environment
from search.db import application_connected, session_scope
from search.jobs import list_jobs
from search.models import Generation
from search.operation.schedule import SCHEDULER
from search.settings import Settings, load_settings
from tests.indexer.at_work import assert_encoded_once, in_work, wait_until
from tests.indexer.gate import Gate, serve_gated
from tests.rabbitmq_server import running_rabbitmq
from tests.redis_server import free_port, running_redis

N = 16


@pytest.fixture(scope="module", params=["redis", "rabbitmq"])
def broker(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A server for all tests of this module, one kind after the other."""
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "redis":
        with running_redis(free_port(), folder) as url:
            yield url
    else:
        with running_rabbitmq(folder) as url:
            yield url


@pytest.fixture
def settings(
    settings: Settings, small_checkpoint: Path, broker: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Settings]:
    """The small encoder, small batches and the broker, for commands and workers too."""
    for name, value in {
        "MODEL": f"local-dir:{small_checkpoint}",
        "BATCH_IMAGES": "4",
        "BROKER_URL": broker,
        "SCHEDULE": "30 2 * * *",
    }.items():
        monkeypatch.setenv(f"FINDALIKE_{name}", value)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    load_settings.cache_clear()
    app = make_app(load_settings())
    prepare_broker(app, load_settings())
    with app.connection_for_write() as connection:  # what an earlier test left
        for queue in (FETCH_QUEUE, ENCODE_QUEUE, BUILD_QUEUE):
            app.amqp.queues[queue](connection.default_channel).purge()
    yield load_settings()
    load_settings.cache_clear()


@pytest.fixture
def gate() -> Iterator[Gate]:
    with serve_gated() as served:
        yield served


def read_catalogue(database: Engine, settings: Settings, gate: Gate, folder: Path) -> None:
    """Read a catalogue of N products whose pictures are behind the gate."""
    catalogue = folder / "catalogue.csv"
    rows = [f"S-{i},Thing {i},{gate.address(i)}" for i in range(N)]
    catalogue.write_text("\n".join(["sku,title,image", *rows]))
    ingest(database, str(catalogue), settings)


def runs(database: Engine) -> list[str]:
    """The states of all reindex jobs, oldest first."""
    with session_scope(database) as session:
        jobs, _ = list_jobs(session, kind="reindex")
    return [job.state for job in reversed(jobs)]


def assert_one_live(database: Engine) -> None:
    """One generation is live, and it holds all products."""
    with session_scope(database) as session:
        (live,) = session.scalars(select(Generation).where(Generation.state == "live")).all()
        assert live.manifest is not None
        assert live.manifest["products"] == N


def test_queues_have_workers_of_their_own_and_a_killed_one_loses_nothing(
    database: Engine, settings: Settings, gate: Gate, tmp_path: Path
) -> None:
    """Two workers fetch and encode, one builds; one of the two dies in the middle of the run."""
    read_catalogue(database, settings, gate, tmp_path)
    log_file = tmp_path / "worker.log"
    asked = CliRunner().invoke(reindex, ["--queued"], catch_exceptions=False)
    assert asked.exit_code == 0
    with (
        WorkerGroup(settings, ["cpu", "cpu"], log_file=log_file) as pair,
        WorkerGroup(settings, ["cpu"], log_file=log_file, queues=("build",)),
    ):
        wait_until(lambda: in_work(database) == 2, "both workers hold a batch")
        os.kill(pair.pids[0], signal.SIGKILL)
        wait_until(lambda: in_work(database) == 1, "the claims of the killed worker are free")
        gate.open()
        wait_until(lambda: runs(database) == ["done"], "the run is over")

    assert pair.deaths == 1
    assert_encoded_once(database, settings, N)
    assert_one_live(database)
    app = make_app(settings)
    assert waiting_messages(app, BUILD_QUEUE) == 0
    assert waiting_messages(app, ENCODE_QUEUE) <= N  # wake-ups for work that is done


def test_a_message_is_answered_once_however_often_it_comes(
    database: Engine, settings: Settings, gate: Gate, tmp_path: Path
) -> None:
    """Delivered again while its run is at work, and once more after its end."""
    read_catalogue(database, settings, gate, tmp_path)
    app = make_app(settings)
    log_file = tmp_path / "worker.log"

    def deliver() -> None:
        app.send_task(REINDEX, task_id="the-same")

    with (
        WorkerGroup(settings, ["cpu"], log_file=log_file),
        WorkerGroup(settings, ["cpu", "cpu"], log_file=log_file, queues=("build",)),
    ):
        deliver()
        wait_until(lambda: in_work(database) == 1, "the run has come to its pictures")
        deliver()
        wait_until(lambda: "reindex_skipped" in log_file.read_text(), "the second is refused")
        gate.open()
        wait_until(lambda: runs(database) == ["done"], "the run is over")
        deliver()
        wait_until(lambda: "reindex_done_before" in log_file.read_text(), "the third is known")

    assert runs(database) == ["done"]
    assert_encoded_once(database, settings, N)


@contextmanager
def beat(settings: Settings, log_file: Path) -> Iterator[None]:
    """Run Celery's own command."""
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "celery", "--app", "indexer.beat", "beat"],
            env=worker_environment(settings, device="cpu"),
            stdout=log,
            stderr=log,
        )
    try:
        yield
        assert process.poll() is None, log_file.read_text()
        process.terminate()
        process.wait(20)
    finally:
        process.kill()
        process.wait(10)


def test_beat_asks_for_the_run_that_was_missed_and_a_build_worker_does_it(
    database: Engine, settings: Settings, gate: Gate, tmp_path: Path
) -> None:
    gate.open()
    read_catalogue(database, settings, gate, tmp_path)
    app = make_beat(settings)
    before = PersistentScheduler(app, schedule_filename=app.conf.beat_schedule_filename)
    before.schedule["nightly"].last_run_at = datetime.now(UTC) - timedelta(days=3)
    before.close()
    log_file = tmp_path / "beat.log"

    with beat(settings, log_file):
        wait_until(lambda: waiting_messages(make_app(settings), BUILD_QUEUE) == 1, "beat asks")
        with session_scope(database) as session:
            assert application_connected(session, SCHEDULER)
        time.sleep(1)  # it would ask again now if three missed nights were three runs
        assert waiting_messages(make_app(settings), BUILD_QUEUE) == 1
        with (
            WorkerGroup(settings, ["cpu"], log_file=tmp_path / "worker.log"),
            WorkerGroup(settings, ["cpu"], log_file=tmp_path / "worker.log", queues=("build",)),
        ):
            wait_until(lambda: runs(database) == ["done"], "the run is over")

    assert "reindex_asked_for" in log_file.read_text()
    assert_encoded_once(database, settings, N)
    assert_one_live(database)
