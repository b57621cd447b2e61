"""Concerns state what is wrong and what to do; nothing is shown about what is well."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine

from search.catalogue.change_inbox import delete_product
from search.database.connection import open_database, session_scope
from search.database.models import GenerationRow, Job, ProductChange
from search.jobs.job_records import fail, start_job
from search.jobs.job_stages import begin_stage
from search.jobs.workers import worker_application_name
from search.operation import concerns
from search.operation.concerns import Concern, find_concerns
from search.operation.shop_status import read_status
from search.settings import Settings


@pytest.fixture
def live(database: Engine) -> Engine:
    """A published generation."""
    with session_scope(database) as session:
        manifest = {"measured": {"recall_at_10": 0.97}, "files": {}}
        session.add(
            GenerationRow(
                state="live", model_tag="m-1", directory="g1", manifest=manifest,
                published_at=datetime.now(UTC),
            )
        )  # fmt: skip
    return database


def found(database: Engine, settings: Settings, trouble: str = "") -> dict[str, Concern]:
    status = read_status(database, settings)
    return {one.subject: one for one in find_concerns(status, settings, trouble)}


def test_nothing_is_wrong_with_a_shop_at_rest(live: Engine, settings: Settings) -> None:
    assert found(live, settings) == {}


def test_an_empty_shop_says_how_to_begin(database: Engine, settings: Settings) -> None:
    assert "findalike reindex" in found(database, settings)["index"].found


def test_a_generation_that_can_not_be_loaded_and_too_low_a_recall(
    live: Engine, settings: Settings
) -> None:
    strict = settings.model_copy(update={"recall_floor": 0.99})
    told = found(live, strict, "index.faiss is missing.")
    assert "can't be loaded: index.faiss is missing." in told["searches"].found
    assert "findalike rollback" in told["searches"].remedy
    assert "0.970" in told["index"].found
    assert "FINDALIKE_INDEX_MEMORY_MB" in told["index"].remedy


def test_a_failed_night_says_where_and_why(live: Engine, settings: Settings) -> None:
    with session_scope(live) as session:
        job = start_job(session, "reindex")
        begin_stage(session, job, "encode")
        fail(session, job, "the disk is full")
    told = found(live, settings)["nightly run"]
    assert "failed during encode" in told.found
    assert "the disk is full" in told.found
    assert "findalike reindex" in told.remedy


def test_an_overdue_run(live: Engine, settings: Settings) -> None:
    with session_scope(live) as session:
        job = start_job(session, "ingest")
        session.get_one(Job, job).state = "done"
        session.get_one(Job, job).started_at = datetime.now(UTC) - timedelta(days=3)
    due = datetime.now(UTC) - timedelta(hours=1)
    nightly = settings.model_copy(update={"schedule": f"{due.minute} {due.hour} * * *"})
    assert "findalike schedule" in found(live, nightly)["schedule"].remedy


def test_pictures_wait_and_nobody_works(live: Engine, settings: Settings) -> None:
    with session_scope(live) as session:
        start_job(session, "encode", 10)
    assert "findalike worker" in found(live, settings)["workers"].remedy
    worker = open_database(settings, application_name=worker_application_name("box", 1))
    with worker.connect():
        assert found(live, settings) == {}
    worker.dispose()


def test_a_job_that_does_not_move(live: Engine, settings: Settings) -> None:
    with session_scope(live) as session:
        job = start_job(session, "build")
        session.get_one(Job, job).updated_at = datetime.now(UTC) - timedelta(hours=2)
    assert "has not moved since 2 h" in found(live, settings)["jobs"].found


def test_queue_and_disk(live: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(concerns, "LEAST_FREE_BYTES", 10**18)
    away = settings.model_copy(update={"broker_url": SecretStr("amqp://guest:guest@127.0.0.1:1//")})
    told = found(live, away)
    assert told.keys() == {"disk", "queue"}
    assert "FINDALIKE_BROKER_URL" in told["queue"].remedy


def test_changes_that_nobody_settles(live: Engine, settings: Settings) -> None:
    with session_scope(live) as session:
        change = delete_product(session, "M-1", actor="key:feed").id
        delete_product(session, "M-2", actor="key:feed")
    assert "changes" not in found(live, settings), "only just come"
    with session_scope(live) as session:
        row = session.get_one(ProductChange, change)
        row.received_at = datetime.now(UTC) - timedelta(minutes=7)
    told = found(live, settings)["changes"]
    assert "2 changes of products wait to be settled, the oldest since 7 min" in told.found
    assert "findalike watch" in told.remedy
