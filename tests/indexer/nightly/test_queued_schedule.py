"""A queued scheduler requests due runs from a build worker, and stores the time of each request."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from celery import Celery
from pydantic import SecretStr
from sqlalchemy import Engine
from structlog.testing import capture_logs

from indexer.nightly.scheduler import EXPIRES_AFTER_S, Scheduler
from indexer.queue.broker import BUILD_QUEUE, prepare_broker, waiting_messages
from indexer.queue.celery_app import REINDEX, make_app
from indexer.queue.run_request import ASKED_FOR, keep_request, was_requested
from search.database.advisory_locks import exclusively
from search.settings import Settings
from tests.support.schedules import at_work, daily, ran
from tests.support.waiting import wait_until


@pytest.fixture
def app(database: Engine, settings: Settings) -> Celery:
    """An application with empty queues."""
    app = make_app(settings)
    prepare_broker(app, settings)
    return app


def queued(database: Engine, settings: Settings, hours_ago: float = 2) -> Scheduler:
    """Return a scheduler with a run that was due some hours ago; starting it here would fail."""
    nowhere = ("/nonexistent",)
    return Scheduler(daily(hours_ago), database, settings, nowhere, queued=True, look_every_s=0.05)


@contextmanager
def one_message(app: Celery) -> Iterator[dict[str, str]]:
    """Take the only message from the build queue; return its headers."""
    with app.connection_for_read() as broker:
        message = app.amqp.queues[BUILD_QUEUE](broker.default_channel).get()
        assert message is not None
        message.ack()
        yield message.headers
        broker.default_channel.session.close()
    assert waiting_messages(app, BUILD_QUEUE) == 0


def test_missed_nights_are_one_message_that_expires_before_the_next(
    database: Engine, settings: Settings, app: Celery
) -> None:
    ran(database, "reindex", hours_ago=75)
    asking = queued(database, settings)
    with at_work(asking):
        wait_until(lambda: waiting_messages(app, BUILD_QUEUE) == 1)
        time.sleep(0.3)  # several more checks
    assert (asking.runs, asking.failures) == (1, 0)
    with one_message(app) as headers:
        assert headers["task"] == REINDEX
        until = datetime.fromisoformat(headers["expires"]) - datetime.now(UTC)
    assert timedelta(hours=11) < until < timedelta(hours=24)
    assert EXPIRES_AFTER_S < 24 * 3600  # an old message expires before the next one


def test_a_restart_before_the_run_begins_does_not_ask_again(
    database: Engine, settings: Settings, app: Celery
) -> None:
    ran(database, "reindex", hours_ago=30)
    for _ in range(2):
        asking = queued(database, settings)
        with at_work(asking):
            wait_until(lambda: waiting_messages(app, BUILD_QUEUE) == 1)
            time.sleep(0.3)
    assert asking.runs == 0
    assert waiting_messages(app, BUILD_QUEUE) == 1
    asked_for = datetime.fromisoformat((settings.root / ASKED_FOR).read_text())
    assert asked_for == asking.times.last_until(datetime.now(UTC))


def test_two_schedulers_ask_once(database: Engine, settings: Settings, app: Celery) -> None:
    ran(database, "reindex", hours_ago=30)
    one, other = queued(database, settings), queued(database, settings)
    with at_work(one), at_work(other):
        wait_until(lambda: one.runs + other.runs == 1)
        time.sleep(0.3)
    assert one.runs + other.runs == 1
    assert waiting_messages(app, BUILD_QUEUE) == 1


def test_it_waits_for_another_that_asks_at_this_moment(
    database: Engine, settings: Settings, app: Celery
) -> None:
    ran(database, "reindex", hours_ago=30)
    late = queued(database, settings)
    with exclusively(database, "schedule"), at_work(late):
        time.sleep(0.3)
        assert late.runs == 0
    with at_work(queued(database, settings)):
        wait_until(lambda: waiting_messages(app, BUILD_QUEUE) == 1)


def test_a_run_that_began_is_not_asked_for(
    database: Engine, settings: Settings, app: Celery
) -> None:
    """It does not matter who started the run."""
    ran(database, "reindex", hours_ago=1)
    idle = queued(database, settings, hours_ago=2)
    with at_work(idle):
        time.sleep(0.3)
    assert idle.runs == 0
    assert waiting_messages(app, BUILD_QUEUE) == 0


def test_a_broker_that_is_away_is_asked_again(
    database: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request that did not reach the broker is not stored."""
    monkeypatch.setattr("indexer.queue.broker.ANSWERS_WITHIN_S", 0.2)
    away = settings.model_copy(update={"broker_url": SecretStr("redis://127.0.0.1:1/0")})
    ran(database, "reindex", hours_ago=30)
    asking = queued(database, away)
    with capture_logs() as logs, at_work(asking):
        wait_until(lambda: _said(logs, "schedule_waits_for_broker") > 1)
    assert asking.runs == 0
    assert not (settings.root / ASKED_FOR).exists()


def _said(logs: list[dict[str, str]], event: str) -> int:
    return sum(line["event"] == event for line in logs)


def test_what_was_kept_under_a_wrong_clock_says_nothing(settings: Settings) -> None:
    now = datetime.now(UTC)
    due_at = now - timedelta(hours=2)
    assert not was_requested(settings.root, due_at)
    for asked_for, counts in (
        (due_at, True),
        (now - timedelta(hours=1), True),
        (due_at - timedelta(days=1), False),
        (now + timedelta(days=400), False),
    ):
        keep_request(settings.root, asked_for)
        assert was_requested(settings.root, due_at) is counts
    (settings.root / ASKED_FOR).write_text("half a ti")
    assert not was_requested(settings.root, due_at)
