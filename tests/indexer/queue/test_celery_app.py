"""The Celery application loses nothing, pickles nothing, and keeps nothing for ever."""

from datetime import datetime, timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, text

from indexer.queue.broker import prepare_broker, waiting_messages
from indexer.queue.celery_app import ENCODE_BATCH, make_app
from indexer.workers.celery_tasks import WorkerState, register_tasks
from indexer.workers.product_messages import PUT_PRODUCT
from search.settings import Settings


def test_tasks_are_acknowledged_late_and_hold_ids_only(
    database: Engine, settings: Settings
) -> None:
    app = make_app(settings)
    register_tasks(app, WorkerState(database, settings))
    task = app.tasks[ENCODE_BATCH]

    assert task.acks_late
    assert task.reject_on_worker_lost
    assert task.ignore_result
    assert task.serializer == "json"
    assert app.conf.accept_content == ["json"]
    assert app.conf.worker_prefetch_multiplier == 1
    assert app.tasks[PUT_PRODUCT].acks_late


def test_the_broker_is_the_database_unless_told_otherwise(settings: Settings) -> None:
    assert settings.database_url is not None
    assert make_app(settings).conf.broker_url == f"sqla+{settings.database_url.get_secret_value()}"

    redis = settings.model_copy(update={"broker_url": SecretStr("redis://localhost:6379/0")})
    app = make_app(redis)
    assert app.conf.broker_url == "redis://localhost:6379/0"
    # A batch takes about a minute; Redis must not hand it out twice meanwhile.
    assert app.conf.broker_transport_options["visibility_timeout"] >= 1800


def test_messages_wait_in_the_database(settings: Settings) -> None:
    app = make_app(settings)
    for _ in range(2):  # making the tables twice does no harm
        prepare_broker(app, settings)
    assert waiting_messages(app) == 0

    app.send_task(ENCODE_BATCH, [1])
    app.send_task(ENCODE_BATCH, [2])

    assert waiting_messages(app) == 2


def test_delivered_messages_are_removed_after_a_day(database: Engine, settings: Settings) -> None:
    app = make_app(settings)
    prepare_broker(app, settings)
    for job_id in range(3):
        app.send_task(ENCODE_BATCH, [job_id])
    now = datetime.now()  # kombu's own clock: local and naive
    with database.begin() as connection:
        ids = connection.scalars(text("SELECT id FROM kombu_message ORDER BY id")).all()
        for message, age in zip(ids, (timedelta(days=2), timedelta(hours=1)), strict=False):
            connection.execute(
                text("UPDATE kombu_message SET visible = false, timestamp = :at WHERE id = :id"),
                {"at": now - age, "id": message},
            )

    prepare_broker(app, settings)

    with database.connect() as connection:
        left = connection.scalars(text("SELECT id FROM kombu_message ORDER BY id")).all()
    assert left == ids[1:]


@pytest.mark.parametrize("lost", ["connection", "disk"])
def test_only_what_repeating_cannot_cure_ends_a_job(
    database: Engine, settings: Settings, lost: str
) -> None:
    from sqlalchemy.exc import OperationalError

    from indexer.workers.celery_tasks import run_or_fail_job
    from search.database.connection import session_scope
    from search.jobs.job_records import read_job, start_job

    def step() -> None:
        if lost == "disk":
            raise OSError(28, "No space left on device")
        raise OperationalError("COMMIT", {}, Exception("server closed the connection"))

    with session_scope(database) as session:
        job_id = start_job(session, "encode")

    run_or_fail_job(WorkerState(database, settings), job_id, step)

    with session_scope(database) as session:
        job = read_job(session, job_id)
    assert job.state == {"connection": "running", "disk": "failed"}[lost]
    if lost == "disk":
        assert "No space left" in (job.error or "")
