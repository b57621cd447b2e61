"""Which tasks go into which queue, how long queues get, and which workers take from them."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from pydantic import SecretStr
from sqlalchemy import Connection, Engine

from indexer.commands.reindex import reindex
from indexer.commands.worker import parse_queues, worker
from indexer.encode_jobs.encode_control import FAN_OUT, encode_step, start_encoding
from indexer.encode_jobs.encode_follow import _takes_batches
from indexer.encoding.encode_batch import BatchEncoder
from indexer.queue.broker import (
    BUILD_QUEUE,
    ENCODE_QUEUE,
    FETCH_QUEUE,
    PRODUCT_QUEUE,
    QUEUES,
    BrokerUnavailable,
    discard_messages,
    prepare_broker,
    waiting_messages,
)
from indexer.queue.celery_app import (
    ENCODE_BATCH,
    FETCH_BATCH,
    PUT_PRODUCT,
    REINDEX,
    make_app,
    sender,
)
from indexer.queue.worker_supervisor import WorkerGroup
from search.database.connection import open_database, session_scope
from search.encoder import Encoder
from search.errors import WrongSetting
from search.jobs.job_records import read_job
from search.jobs.queues import queue_lengths
from search.jobs.workers import worker_application_name, worker_connections
from search.settings import Settings
from tests.support.working_workers import add_pictures


def test_each_task_has_its_queue(database: Engine, settings: Settings) -> None:
    app = make_app(settings)
    prepare_broker(app, settings)
    for task in (PUT_PRODUCT, FETCH_BATCH, ENCODE_BATCH, ENCODE_BATCH, REINDEX):
        app.send_task(task, [1])

    waiting = {queue: waiting_messages(app, queue) for queue in QUEUES}
    assert waiting == {PRODUCT_QUEUE: 1, FETCH_QUEUE: 1, ENCODE_QUEUE: 2, BUILD_QUEUE: 1}
    with session_scope(database) as session:
        lengths = queue_lengths(session, settings)
    assert lengths == {
        "products": 1,
        "fetch": 1,
        "encode": 2,
        "build": 1,
    }


def test_products_and_wishes_for_a_run_are_never_discarded(settings: Settings) -> None:
    app = make_app(settings)
    prepare_broker(app, settings)
    app.send_task(ENCODE_BATCH, [1])
    app.send_task(REINDEX)
    app.send_task(PUT_PRODUCT, [{}])

    assert discard_messages(app) == 1
    for queue in (BUILD_QUEUE, PRODUCT_QUEUE):
        with pytest.raises(ValueError, match="stands nowhere else"):
            discard_messages(app, [queue])
    assert [waiting_messages(app, queue) for queue in QUEUES] == [1, 0, 0, 1]


def test_a_large_job_keeps_its_queue_short(
    database: Engine, settings: Settings, small_encoder: Encoder, tmp_path: Path
) -> None:
    """Each batch queues the next, so that a third of all batches never wait at once."""
    small = settings.model_copy(update={"batch_images": 2})
    add_pictures(database, [str(tmp_path / f"{i}.jpg") for i in range(2 * 3 * FAN_OUT)])
    app = make_app(small)
    job_id = start_encoding(database, small)
    batches, lengths = BatchEncoder(database, small, small_encoder), [waiting_messages(app)]

    with app.connection_for_read() as broker:
        channel = broker.default_channel
        while (message := app.amqp.queues[ENCODE_QUEUE](channel).get(no_ack=True)) is not None:
            assert message.headers["task"] == ENCODE_BATCH
            encode_step(batches, job_id, sender(app, job_id))
            lengths.append(waiting_messages(app))
        channel.session.close()

    assert max(lengths) == FAN_OUT
    with session_scope(database) as session:
        job = read_job(session, job_id)
    assert (job.state, job.failed) == ("done", 2 * 3 * FAN_OUT)


def test_queues_of_a_worker_are_checked() -> None:
    assert parse_queues("encode, fetch,encode") == ("encode", "fetch")
    with pytest.raises(WrongSetting, match="products, fetch, encode, build"):
        parse_queues("encode,nightly")
    refused = CliRunner().invoke(reindex, ["--queued", "--workers", "2"])
    assert refused.exit_code == 2


@pytest.fixture
def connected_worker(settings: Settings) -> Iterator[Connection]:
    """A connection of this process that looks like a build worker's."""
    name = worker_application_name(socket.gethostname(), os.getpid(), ("encode", "build"))
    engine = open_database(settings, application_name=name)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def test_a_run_does_not_wait_for_its_own_worker(
    database: Engine, settings: Settings, connected_worker: Connection
) -> None:
    """The run keeps its own worker busy, and a build worker encodes nothing: neither helps."""
    names = {(4711, ("encode",)): True, (4712, ("build",)): False}
    others = [
        open_database(settings, application_name=worker_application_name("box", pid, queues))
        for pid, queues in names
    ]
    connections = [engine.connect() for engine in others]
    with session_scope(database) as session:
        found = {
            (view.pid, view.queues): _takes_batches(view) for view in worker_connections(session)
        }
    for connection, engine in zip(connections, others, strict=True):
        connection.close()
        engine.dispose()

    assert found == names | {(os.getpid(), ("encode", "build")): False}


def test_the_check_says_whether_a_worker_of_this_machine_lives(
    database: Engine, settings: Settings, connected_worker: Connection
) -> None:
    alive = CliRunner().invoke(worker, ["--check", "--json"], catch_exceptions=False)
    connected_worker.close()
    connected_worker.engine.dispose()
    deadline = time.monotonic() + 20
    while (gone := CliRunner().invoke(worker, ["--check"])).exit_code == 0:
        assert time.monotonic() < deadline

    assert json.loads(alive.stdout) == {"pids": [os.getpid()]}
    assert gone.exit_code == 1
    assert "0 workers of this machine" in gone.output


def test_a_worker_that_does_not_end_is_ended(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopping does not wait for ever, whatever the worker hangs on."""
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
    real = subprocess.Popen
    monkeypatch.setattr(
        "indexer.queue.worker_supervisor.subprocess.Popen",
        lambda _command, **given: real([sys.executable, "-c", stubborn], **given),
    )
    with WorkerGroup(settings, ["cpu"], stop_within_s=0.3) as group:
        time.sleep(0.5)
        (process,) = [slot.process for slot in group._slots]
    assert process is not None
    assert process.returncode == -signal.SIGKILL


@pytest.mark.parametrize("scheme", ["amqp", "redis"])
def test_a_silent_broker_is_one_sentence(settings: Settings, scheme: str) -> None:
    silent = settings.model_copy(
        update={"broker_url": SecretStr(f"{scheme}://u:s3cret@127.0.0.1:1//")}
    )
    with pytest.raises(BrokerUnavailable, match="FINDALIKE_BROKER_URL") as caught:
        prepare_broker(make_app(silent), silent)
    assert "s3cret" not in str(caught.value)
