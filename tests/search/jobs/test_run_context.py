"""One run in several processes has one number in its log lines, and one trace."""

import json
from pathlib import Path

import pytest
import structlog
from sqlalchemy import Engine

from indexer.encode_jobs.encode_control import follow, start_encoding
from indexer.queue.worker_supervisor import WorkerGroup
from search.database.connection import session_scope
from search.jobs.run_context import message_of, own_headers, run_headers, work_of
from search.settings import Settings, load_settings
from search.telemetry.tracing import configure_tracing, end_tracing
from tests.support.factories import make_image, make_product, picture_bytes
from tests.support.servers.trace_collector import collecting


def test_a_message_belongs_to_the_run_that_sent_it() -> None:
    with work_of("reindex", 7), work_of("encode", 8):
        sent = run_headers()
    received = own_headers({"lang": "py", "retries": 0} | sent)
    assert received == sent

    with message_of(received, "encode_batch", 8):
        bound = structlog.contextvars.get_contextvars()
    assert (bound["run_id"], bound["job_id"]) == (7, 8)


def test_a_message_of_nobody_is_a_run_of_its_own() -> None:
    with message_of(own_headers(None), "encode_batch", 8):
        assert structlog.contextvars.get_contextvars()["run_id"] == 8
    assert run_headers() == {}


def test_workers_tell_their_part_of_the_run(
    database: Engine,
    settings: Settings,
    small_checkpoint: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With a real worker process, a real queue and a real collector."""
    with session_scope(database) as session:
        (good := tmp_path / "good.png").write_bytes(picture_bytes(1))
        (bad := tmp_path / "bad.png").write_bytes(b"no picture")
        ids = [
            make_image(
                session, make_product(session), address=str(path), state="pending", sha256=None
            ).id
            for path in (good, bad)
        ]
    with collecting() as collector:
        for name, value in {
            "MODEL": f"local-dir:{small_checkpoint}",
            "LOG_FORMAT": "json",
            "OTLP_ENDPOINT": collector.endpoint,
        }.items():
            monkeypatch.setenv(f"FINDALIKE_{name}", value)
        monkeypatch.setenv("OMP_NUM_THREADS", "1")
        load_settings.cache_clear()
        settings = load_settings()
        log_file = tmp_path / "worker.log"
        configure_tracing(settings, "findalike")
        with work_of("reindex", 4711), WorkerGroup(settings, ["cpu"], log_file=log_file):
            job = list(follow(database, start_encoding(database, settings), settings))[-1]
        end_tracing()

    assert (job.done, job.failed) == (1, 1)
    run, batch = collector.spans["reindex"], collector.spans["findalike.encode_batch"]
    assert collector.services == {"findalike", "findalike-worker"}
    assert (batch.trace_id, batch.parent_span_id) == (run.trace_id, run.span_id)
    lines = [json.loads(line) for line in log_file.read_text().splitlines() if line.startswith("{")]
    told = {line["event"]: line for line in lines if line.get("run_id") == 4711}
    assert told["batch_encoded"]["image_ids"] == ids
    refused = told["picture_refused"]
    assert (refused["image_id"], refused["reason"]) == (ids[1], "not_a_picture")
    assert refused["job_id"] == job.id
    assert refused["trace_id"] == run.trace_id.hex()
