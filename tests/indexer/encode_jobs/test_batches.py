"""Encode jobs and claims: shared, lost, repeated, resumed, given up."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from sqlalchemy import Engine, event, func, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from indexer.encode_jobs.encode_control import encode_all, follow, start_encoding
from indexer.encoding.encode_batch import BatchEncoder
from indexer.pictures.encode_claims import claim, count_unencoded
from indexer.pictures.encode_job_row import count_once
from indexer.pictures.orphans import forget_damaged_shards, prune_orphan_shards
from indexer.queue.broker import waiting_messages
from indexer.queue.celery_app import make_app
from search.database.connection import session_scope
from search.database.models import Embedding, Job, ProductImage
from search.encoder import OpenClipEncoder
from search.errors import JobFailed
from search.index.embedding_store import EmbeddingStore
from search.jobs.job_records import JobRecord, read_job, start_job
from search.settings import Settings
from tests.support.shops.stored_embeddings import count_rows, pictures, shard_files, states


def test_claims_are_disjoint_and_end_with_their_transaction(
    database: Engine, small: OpenClipEncoder, add: Callable[..., list[int]]
) -> None:
    ids = add(*pictures(5))
    with Session(database) as first, Session(database) as second:
        held = [held.image_id for held in claim(first, small.tag, 3)]
        rest = [held.image_id for held in claim(second, small.tag, 3)]
        with session_scope(database) as third:
            assert claim(third, small.tag, 1) == []
            assert count_unencoded(third, small.tag) == 5
        first.rollback()
        with session_scope(database) as third:
            assert [again.image_id for again in claim(third, small.tag, 9)] == held
    assert (held, rest) == (ids[:3], ids[3:])


def test_what_was_stamped_in_between_is_not_claimed(
    database: Engine, settings: Settings, small: OpenClipEncoder, add: Callable[..., list[int]]
) -> None:
    """A query locks rows right after another worker's commit, but began before it."""
    ids = add(*pictures(2))
    asleep = Event()

    def sleep_before_locking(*arguments: Any) -> tuple[str, object]:
        statement, parameters = arguments[2], arguments[3]
        if "SKIP LOCKED" not in statement or asleep.is_set():
            return statement, parameters
        asleep.set()
        # The query has its snapshot, but has not read its rows yet.
        pause = "WHERE (SELECT pg_sleep(2)) IS NOT NULL AND "
        return statement.replace("WHERE ", pause, 1), parameters

    event.listen(database, "before_cursor_execute", sleep_before_locking, retval=True)
    try:
        with ThreadPoolExecutor(1) as pool, Session(database) as session:
            claiming = pool.submit(claim, session, small.tag, 8)
            assert asleep.wait(10)
            time.sleep(0.2)
            job = encode_all(database, settings, small)
            assert not claiming.done()
            held = claiming.result()
    finally:
        event.remove(database, "before_cursor_execute", sleep_before_locking)
    assert job.done == len(ids)
    assert held == []


def test_a_lost_connection_repeats_the_batch(
    database: Engine, settings: Settings, small: OpenClipEncoder, add: Callable[..., list[int]]
) -> None:
    """The backend dies between writing the shard and the commit: nothing is stored twice."""
    add(*pictures(6))
    killed = []

    def kill_own_backend(session: Session) -> None:
        if not killed and session.scalars(select(func.count()).select_from(Embedding)).one():
            killed.append(session.scalar(text("SELECT pg_backend_pid()")))
            with session_scope(database) as other:
                other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": killed[0]})

    event.listen(Session, "before_commit", kill_own_backend)
    try:
        job = encode_all(database, settings, small)
    finally:
        event.remove(Session, "before_commit", kill_own_backend)

    assert killed
    assert (job.state, job.done, job.total, job.report["encoded"]) == ("done", 6, 6, 6)
    assert count_rows(database, Embedding) == 6
    assert len(shard_files(settings)) == 2  # one of them an orphan
    store = EmbeddingStore(settings.root)
    with session_scope(database) as batch:
        batch.execute(select(ProductImage.id).limit(1).with_for_update())
        assert prune_orphan_shards(database, store) == []  # a batch may be about to record it
    (orphan,) = prune_orphan_shards(database, store)
    (kept,) = shard_files(settings)
    assert kept != orphan
    assert forget_damaged_shards(database, store) == {}


def test_a_full_disk_fails_the_job(
    database: Engine,
    settings: Settings,
    small: OpenClipEncoder,
    add: Callable[..., list[int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    add(*pictures(2))

    def refuse(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("search.files.atomic_files.os.fsync", refuse)
    with pytest.raises(OSError, match="No space left"):
        encode_all(database, settings, small)

    with session_scope(database) as session:
        (job,) = session.scalars(select(Job)).all()
        assert (job.state, job.done) == ("failed", 0)
        assert "No space left" in (job.error or "")
    assert states(database) == {"pending": 2}


def test_a_job_is_for_one_model(database: Engine, small: OpenClipEncoder) -> None:
    with session_scope(database) as session:
        job_id = start_job(session, "encode", report={"model_tag": "another-model"})
        assert count_once(session, job_id, small.tag) is None
        job = read_job(session, job_id)

    assert job.state == "failed"
    assert "another-model" in (job.error or "")
    assert "FINDALIKE_MODEL" in (job.error or "")


def test_starting_again_takes_up_the_running_job(
    database: Engine, settings: Settings, small: OpenClipEncoder, add: Callable[..., list[int]]
) -> None:
    add(*pictures(10))
    first = start_encoding(database, settings)
    batches = BatchEncoder(database, settings, small)
    with session_scope(database) as session:
        count_once(session, first, small.tag)
    batches.run(first)

    assert start_encoding(database, settings) == first
    with session_scope(database) as session:
        assert count_once(session, first, small.tag) == 2
        job = read_job(session, first)
    assert (job.done, job.total) == (8, 10)
    assert waiting_messages(make_app(settings)) == 2


def test_a_job_of_another_model_is_given_up(database: Engine, settings: Settings) -> None:
    first = start_encoding(database, settings)

    second = start_encoding(database, settings.model_copy(update={"model": "local-dir:/other"}))

    assert second != first
    with pytest.raises(JobFailed, match="local-dir:/other"):
        list(follow(database, first, settings))


def test_a_job_without_work_is_over_at_once(
    database: Engine, settings: Settings, small: OpenClipEncoder, add: Callable[..., list[int]]
) -> None:
    add(*pictures(3))
    encode_all(database, settings, small)

    job_id = start_encoding(database, settings, model_tag=small.tag)

    (job,) = follow(database, job_id, settings)
    assert (job.state, job.total) == ("done", 0)
    assert waiting_messages(make_app(settings)) == 0


def test_lost_messages_are_sent_again(
    database: Engine,
    settings: Settings,
    small: OpenClipEncoder,
    add: Callable[..., list[int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A worker took a message and was killed; kombu never delivers the message again."""
    add(*pictures(20))
    job_id = start_encoding(database, settings)
    app = make_app(settings)
    with session_scope(database) as session:
        session.execute(text("UPDATE kombu_message SET visible = false"))
        count_once(session, job_id, small.tag)
    assert waiting_messages(app) == 0
    monkeypatch.setattr("indexer.encode_jobs.encode_control.STALLED_AFTER_S", 0.2)

    for job in follow(database, job_id, settings):
        assert job.state == "running"
        if waiting_messages(app):
            break

    assert waiting_messages(app) == 3


def test_a_job_that_nobody_advances_fails_with_advice(
    database: Engine,
    settings: Settings,
    small: OpenClipEncoder,
    add: Callable[..., list[int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Workers take every message and die of it."""
    add(*pictures(2))
    job_id = start_encoding(database, settings)
    with session_scope(database) as session:
        count_once(session, job_id, small.tag)
    for name, value in (("STALLED_AFTER_S", 0.05), ("LONGEST_PAUSE_S", 0.05), ("POLL_S", 0.02)):
        monkeypatch.setattr(f"indexer.encode_jobs.encode_control.{name}", value)

    def take_messages(jobs: list[JobRecord]) -> None:
        for job in follow(database, job_id, settings):
            jobs.append(job)
            with session_scope(database) as session:
                session.execute(text("UPDATE kombu_message SET visible = false"))

    seen: list[JobRecord] = []
    with pytest.raises(JobFailed, match="logs"):
        take_messages(seen)
    assert seen[-1].state == "running"


def test_the_database_is_asked_again_while_following(
    database: Engine, settings: Settings, small: OpenClipEncoder, add: Callable[..., list[int]]
) -> None:
    add(*pictures(1))
    job_id = start_encoding(database, settings)
    failures = [True]

    def fail_once(*_arguments: object) -> None:
        if failures.pop() if failures else False:
            raise OperationalError("SELECT", {}, Exception("server closed the connection"))

    event.listen(database, "before_cursor_execute", fail_once)
    try:
        job = next(follow(database, job_id, settings))
    finally:
        event.remove(database, "before_cursor_execute", fail_once)
    assert job.id == job_id
    assert failures == []
    with session_scope(database) as session:
        assert count_once(session, job_id, small.tag) == 1
