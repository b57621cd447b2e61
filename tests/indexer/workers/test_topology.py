"""The parts of a production shop as processes: broker, workers of each queue, the scheduler.

Each test runs on a real Redis and on a real RabbitMQ.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, select, update

from indexer.commands.reindex import reindex
from indexer.encode_jobs.encode_control import start_encoding
from indexer.ingest.ingest_run import ingest
from indexer.pictures.encode_claims import count_unencoded
from indexer.queue.broker import (
    BUILD_QUEUE,
    ENCODE_QUEUE,
    FETCH_QUEUE,
    prepare_broker,
    waiting_messages,
)
from indexer.queue.celery_app import FETCH_BATCH, REINDEX, make_app
from indexer.queue.worker_supervisor import WorkerGroup, worker_environment
from indexer.workers.queued_run import MESSAGE
from search.database.connection import session_scope
from search.database.models import GenerationRow, Job
from search.jobs.job_records import latest_job, list_jobs, read_job
from search.jobs.workers import application_connected
from search.operation.run_schedule import SCHEDULER
from search.settings import Settings, load_settings
from tests.support.servers.gated_server import Gate, serve_gated
from tests.support.servers.rabbitmq_server import running_rabbitmq
from tests.support.servers.redis_server import free_port, running_redis
from tests.support.waiting import wait_until
from tests.support.working_workers import (
    WITHIN_S,
    add_pictures,
    assert_encoded_once,
    finish,
    in_work,
)

pytestmark = pytest.mark.timeout(300)  # each starts half a dozen processes
N = 16


@pytest.fixture(scope="module", params=["redis", "rabbitmq"])
def broker(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A broker for all tests of this module, one kind after the other."""
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
    """Settings for commands and workers: the small encoder, small batches and the broker."""
    for name, value in {
        "MODEL": f"local-dir:{small_checkpoint}",
        "BATCH_IMAGES": "4",
        "FETCH_TIMEOUT_S": "300",  # pictures wait at the gate, however slow the machine is
        "BROKER_URL": broker,
        "SCHEDULE": "30 2 * * *",
    }.items():
        monkeypatch.setenv(f"FINDALIKE_{name}", value)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    load_settings.cache_clear()
    app = make_app(load_settings())
    prepare_broker(app, load_settings())
    with app.connection_for_write() as connection:  # left by an earlier test
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
    """Return the states of all reindex jobs, oldest first."""
    with session_scope(database) as session:
        jobs, _ = list_jobs(session, kind="reindex")
    return [job.state for job in reversed(jobs)]


def report_of(database: Engine) -> dict[str, Any]:
    """Return the report of the last reindex job."""
    with session_scope(database) as session:
        job = latest_job(session, "reindex")
    assert job is not None
    return job.report


def log_of(folder: Path) -> str:
    """Return the log of a test's workers."""
    return (folder / "worker.log").read_text()


def assert_one_live(database: Engine) -> None:
    """Check that one generation is live and holds all products."""
    with session_scope(database) as session:
        (live,) = session.scalars(select(GenerationRow).where(GenerationRow.state == "live")).all()
        assert live.manifest is not None
        assert live.manifest["products"] == N


@contextmanager
def running(command: list[str], settings: Settings, log_file: Path) -> Iterator[None]:
    """Run a process for a block; it must run until the end of the block, and end on SIGTERM."""
    with log_file.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, *command],
            env=worker_environment(settings, device="cpu"),
            stdout=log,
            stderr=log,
        )
    try:
        yield
        assert process.poll() is None, log_file.read_text()
        process.terminate()
        process.wait(WITHIN_S)
    finally:
        process.kill()
        process.wait(10)


def miss_nights(database: Engine) -> None:
    """Let what was done so far be three days ago, in which no scheduler worked."""
    with session_scope(database) as session:
        session.execute(update(Job).values(started_at=Job.started_at - timedelta(days=3)))


def test_the_scheduler_asks_one_builds_two_encode_and_a_killed_one_loses_nothing(
    database: Engine, settings: Settings, gate: Gate, tmp_path: Path
) -> None:
    read_catalogue(database, settings, gate, tmp_path)
    miss_nights(database)
    app, log_file = make_app(settings), tmp_path / "worker.log"
    scheduler = ["-c", "from search.cli import main; main()", "schedule", "--queued"]

    with running(scheduler, settings, tmp_path / "schedule.log"):
        wait_until(lambda: waiting_messages(app, BUILD_QUEUE) > 0, "what was missed is asked for")
        with session_scope(database) as session:
            assert application_connected(session, SCHEDULER)
        with (
            WorkerGroup(settings, ["cpu", "cpu"], log_file=log_file) as pair,
            WorkerGroup(settings, ["cpu"], log_file=log_file, queues=("build",)),
        ):
            wait_until(lambda: in_work(database) == 2, "both workers hold a batch")
            os.kill(pair.pids[0], signal.SIGKILL)
            wait_until(lambda: in_work(database) == 1, "the claims of the killed worker are free")
            gate.open()
            wait_until(lambda: runs(database) == ["done"], "the run is over")
            # A broker does this after losing contact with the worker for a while.
            app.send_task(REINDEX, task_id=report_of(database)[MESSAGE])
            wait_until(lambda: "reindex_done_before" in log_of(tmp_path), "it is known")

    assert pair.deaths == 1
    assert runs(database) == ["done"]  # three missed nights are one run
    assert_encoded_once(database, settings, N)
    assert_one_live(database)
    assert waiting_messages(app, BUILD_QUEUE) == 0


@pytest.mark.parametrize("broker", ["rabbitmq"], indirect=True)
def test_a_run_goes_on_where_its_killed_build_worker_was(
    database: Engine, settings: Settings, gate: Gate, tmp_path: Path
) -> None:
    """RabbitMQ delivers the message again as soon as the connection is closed."""
    read_catalogue(database, settings, gate, tmp_path)
    asked = CliRunner().invoke(reindex, ["--queued"], catch_exceptions=False)
    log_file = tmp_path / "worker.log"

    with (
        WorkerGroup(settings, ["cpu"], log_file=log_file),
        WorkerGroup(settings, ["cpu"], log_file=log_file, queues=("build",)) as builder,
    ):
        wait_until(lambda: in_work(database) == 1, "the run has come to its pictures")
        os.kill(builder.pids[0], signal.SIGKILL)
        gate.open()
        wait_until(lambda: runs(database) == ["failed", "done"], "the run was done after all")

    assert "--queues build" in asked.output
    assert_encoded_once(database, settings, N)
    assert_one_live(database)


@pytest.mark.parametrize("broker", ["rabbitmq"], indirect=True)
def test_a_batch_that_ends_too_late_goes_back_to_the_queue(
    database: Engine, settings: Settings, gate: Gate, tmp_path: Path
) -> None:
    """As in a deployment with a limited grace period."""
    add_pictures(database, [gate.address(seed) for seed in range(4)])
    app = make_app(settings)
    log_file = tmp_path / "worker.log"
    with WorkerGroup(settings, ["cpu"], log_file=log_file, stop_within_s=1) as group:
        job_id = start_encoding(database, settings)
        wait_until(lambda: in_work(database) == 1, "the worker holds the batch")
        assert waiting_messages(app, FETCH_QUEUE) == 0

    assert group.pids == []
    wait_until(lambda: waiting_messages(app, FETCH_QUEUE) == 1, "the message is back")
    wait_until(lambda: in_work(database) == 0, "the pictures are free")
    with session_scope(database) as session:
        assert (read_job(session, job_id).state, count_unencoded(session, "any")) == ("running", 4)


FORGETFUL = """
import sys
from indexer.queue import celery_app
options = celery_app.transport_options
hasty = {"visibility_timeout": 1, "unacked_restore_interval": 1, "unacked_restore_throttle": 1}
celery_app.transport_options = lambda url, polling: options(url, polling=polling) | hasty
from celery.signals import task_prerun
from indexer.workers.worker_process import run_worker
from search.telemetry.log_lines import configure_logging
from search.settings import load_settings
configure_logging()

@task_prerun.connect
def tell(task, **_):
    print("begun", task.name, file=sys.stderr, flush=True)

sys.exit(run_worker(load_settings()))
"""
"""A worker whose Redis delivers messages again after a second instead of an hour."""


@pytest.mark.parametrize("broker", ["redis"], indirect=True)
def test_a_batch_that_redis_gives_out_again_is_not_encoded_twice(
    database: Engine, settings: Settings, gate: Gate, tmp_path: Path
) -> None:
    """The second worker finds the pictures claimed, so it has nothing to do."""
    add_pictures(database, [gate.address(seed) for seed in range(4)])
    log_file = tmp_path / "worker.log"

    with (
        running(["-c", FORGETFUL], settings, log_file),
        running(["-c", FORGETFUL], settings, log_file),
    ):
        wait_until(lambda: log_of(tmp_path).count("worker_started") == 2, "both are there")
        job_id = start_encoding(database, settings)
        wait_until(lambda: in_work(database) == 1, "one holds the batch")
        begun = f"begun {FETCH_BATCH}"
        wait_until(lambda: log_of(tmp_path).count(begun) > 1, "the other has the message too")
        assert in_work(database) == 1  # the first worker still encodes the batch
        gate.open()
        job = finish(database, job_id, settings)

    assert (job.state, job.done, job.total) == ("done", 4, 4)
    assert (job.report["encoded"], job.report["reused"]) == (4, 0)
    assert_encoded_once(database, settings, 4)
