"""Celery beat for the nightly run: `celery --app indexer.workers.beat beat`.

At the times of FINDALIKE_SCHEDULE it puts a `reindex` into the queue `build`, whose worker
runs it. The alternative is `findalike schedule`, which needs no broker and runs it itself. When the
last message was sent is kept under FINDALIKE_HOME/beat, so that a time that was missed is made up
for at the start, once. Refuses to start without a schedule.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy
import structlog
from celery import Celery
from celery.beat import PersistentScheduler
from celery.schedules import BaseSchedule, schedstate
from celery.signals import beat_init, setup_logging
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from indexer.queue.broker import prepare_broker
from indexer.queue.celery_app import REINDEX, make_app
from search.cli import configure_logging
from search.cron import CronTimes
from search.database.connection import connect_database
from search.errors import FindalikeError, WrongSetting
from search.operation.run_schedule import SCHEDULER, schedule_of
from search.settings import Settings, load_settings

LOOK_EVERY_S = 30
"""Longest sleep: a clock that was set is noticed so late at most."""
EXPIRES_AFTER_S = 12 * 3600
"""A message that no build worker took is void by then, not done beside the next night's."""

log = structlog.get_logger()


class Times(BaseSchedule):  # type: ignore[misc]  # Celery has no types
    """The times of FINDALIKE_SCHEDULE for beat, as all of findalike reads them.

    Celery's own `crontab` joins day of month and day of week by *and*, where cron means *or*, and
    knows nothing of the nights in which clocks change.
    """

    def __init__(self, times: CronTimes) -> None:
        super().__init__()
        self.times = times

    def is_due(self, last_run_at: datetime) -> Any:  # noqa: ANN401  (Celery's own pair)
        """Return whether a time has come since `last_run_at`, and seconds until the next."""
        now = datetime.now(UTC)
        # A clock that was set back must not silence the schedule until it has caught up.
        due = self.times.next_after(min(last_run_at, now)) <= now
        return schedstate(due, (self.times.next_after(now) - now).total_seconds())

    def remaining_estimate(self, last_run_at: datetime) -> timedelta:
        """Return how long it is until the next time after `last_run_at`."""
        return self.times.next_after(last_run_at) - datetime.now(UTC)

    def __reduce__(self) -> tuple[type["Times"], tuple[CronTimes]]:
        """Be kept in beat's file without the application."""
        return Times, (self.times,)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Times) and other.times == self.times

    def __hash__(self) -> int:
        return hash(self.times)


class AttendingScheduler(PersistentScheduler):  # type: ignore[misc]
    """Beat's scheduler, with a connection by which `findalike status` sees that it is there."""

    _database: sqlalchemy.Engine | None = None
    _connection: sqlalchemy.Connection | None = None

    def tick(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """Show that this lives, whether or not the database answers; then send what is due."""
        try:
            self._database = self._database or connect_database(
                load_settings(), application_name=SCHEDULER
            )
            self._connection = self._connection or self._database.connect()
            self._connection.execute(select(1))
            self._connection.commit()
        except (SQLAlchemyError, FindalikeError) as error:
            log.warning("database_lost", error=str(error))
            if self._connection is not None:
                self._connection.invalidate()
                self._connection.close()
                self._connection = None
        return super().tick(*args, **kwargs)

    def apply_entry(self, entry: Any, producer: Any = None) -> None:  # noqa: ANN401
        """Send what is due, and say so."""
        log.info("reindex_asked_for", entry=entry.name)
        super().apply_entry(entry, producer)


def make_beat(settings: Settings) -> Celery:
    """Return the application whose beat asks for the nightly run.

    Raises:
        WrongSetting: FINDALIKE_SCHEDULE is unset.
        DatabaseUnavailable: the broker is the embedded database, and it can't be started.
    """
    times = schedule_of(settings)
    if times is None:
        raise WrongSetting(
            "FINDALIKE_SCHEDULE", "unset", "give five fields as in cron, such as `30 2 * * *`"
        )
    app = make_app(settings, polling=True)
    folder = settings.root / "beat"
    app.conf.update(
        beat_schedule={
            "nightly": {
                "task": REINDEX,
                "schedule": Times(times),
                "options": {"expires": EXPIRES_AFTER_S},
            }
        },
        beat_schedule_filename=str(folder / "schedule"),
        beat_scheduler=AttendingScheduler,
        beat_max_loop_interval=LOOK_EVERY_S,
    )

    @beat_init.connect(weak=False)  # type: ignore[untyped-decorator]
    def _prepare(**_: object) -> None:
        prepare_broker(app, settings)
        log.info("beat_started", next=times.next_after(datetime.now(UTC)).isoformat())

    folder.mkdir(parents=True, exist_ok=True)
    return app


@setup_logging.connect  # type: ignore[untyped-decorator]
def _log_as_configured(**_: object) -> None:
    """Having a receiver keeps Celery from setting up logging of its own."""
    configure_logging()


def __getattr__(name: str) -> Celery:
    """Make `app` when Celery's command asks for it; importing this module connects to nothing."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    app = make_beat(load_settings())
    globals()["app"] = app
    return app
