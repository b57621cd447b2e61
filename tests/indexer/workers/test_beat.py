"""When beat requests the nightly run, and what it stores between starts."""

import pickle
from datetime import UTC, datetime, timedelta

import pytest
from celery.beat import PersistentScheduler
from click.testing import CliRunner
from sqlalchemy import Engine

from indexer.commands.schedule import schedule
from indexer.queue.broker import BUILD_QUEUE
from indexer.workers import beat
from indexer.workers.beat import Times, make_beat
from search.cron import CronTimes, parse_zone
from search.database.connection import open_database
from search.errors import WrongSetting
from search.operation.run_schedule import SCHEDULER
from search.settings import Settings

HOURLY = Times(CronTimes("0 * * * *", UTC))
NEVER_FAR_S = 3600


def test_without_a_schedule_it_does_not_start(settings: Settings) -> None:
    with pytest.raises(WrongSetting, match="FINDALIKE_SCHEDULE"):
        make_beat(settings)


def test_it_sends_the_run_to_the_build_queue(settings: Settings) -> None:
    app = make_beat(settings.model_copy(update={"schedule": "30 2 * * *"}))
    (entry,) = app.conf.beat_schedule.values()
    routed = app.amqp.router.route({}, entry["task"])
    assert routed["queue"].name == BUILD_QUEUE
    assert entry["options"]["expires"] < 24 * 3600  # an old request is not repeated with the next
    assert str(settings.root) in app.conf.beat_schedule_filename


def test_a_time_that_has_come_is_due_once() -> None:
    now = datetime.now(UTC)
    due, again_s = HOURLY.is_due(now - timedelta(days=3))
    assert due
    assert 0 < again_s <= NEVER_FAR_S
    due, again_s = HOURLY.is_due(now)
    assert not due
    assert 0 < again_s <= NEVER_FAR_S


def test_a_clock_that_was_set_back_does_not_silence_it() -> None:
    """Its stored time lies in the future."""
    ahead = datetime.now(UTC) + timedelta(days=400)
    _, again_s = HOURLY.is_due(ahead)
    assert 0 < again_s <= NEVER_FAR_S
    every_minute = Times(CronTimes("* * * * *", UTC))
    assert every_minute.is_due(ahead)[1] <= 60


def test_days_are_joined_as_cron_joins_them() -> None:
    """The 13th or a Friday; Celery's own `crontab` would wait for a Friday the 13th."""
    times = Times(CronTimes("0 2 13 * 5", parse_zone("Europe/Lisbon")))
    thursday_12 = datetime(2026, 11, 12, 12, tzinfo=UTC)
    asked = [times.times.next_after(thursday_12)]
    asked.append(times.times.next_after(asked[0]))
    assert [moment.day for moment in asked] == [13, 20]


def test_its_file_keeps_the_schedule_and_the_last_time(settings: Settings) -> None:
    app = make_beat(settings.model_copy(update={"schedule": "30 2 * * *"}))
    asked_at = datetime(2026, 1, 2, 2, 30, tzinfo=UTC)
    for moment in (asked_at, None):
        kept = PersistentScheduler(app, schedule_filename=app.conf.beat_schedule_filename)
        if moment is not None:
            kept.schedule["nightly"].last_run_at = moment
        assert kept.schedule["nightly"].last_run_at == asked_at
        assert kept.schedule["nightly"].is_due()[0]
        kept.close()
    assert pickle.loads(pickle.dumps(HOURLY)) == HOURLY  # noqa: S301  (its own)
    assert Times(CronTimes("1 * * * *", UTC)) != HOURLY


def test_the_module_has_an_application_only_when_asked(settings: Settings) -> None:
    """Celery's command reads `app`; other names are not made on demand."""
    with pytest.raises(WrongSetting):
        _ = beat.app
    with pytest.raises(AttributeError, match="celery"):
        _ = beat.celery  # type: ignore[attr-defined]


def test_the_check_says_whether_somebody_attends(database: Engine, settings: Settings) -> None:
    nobody = CliRunner().invoke(schedule, ["--check"], catch_exceptions=False)
    scheduler = open_database(settings, application_name=SCHEDULER)
    with scheduler.connect():
        somebody = CliRunner().invoke(schedule, ["--check", "--json"], catch_exceptions=False)
    scheduler.dispose()

    assert (nobody.exit_code, somebody.exit_code) == (1, 0)
    assert "Nobody runs the schedule" in nobody.output
