"""Schedulers in threads, schedules with due times, and recorded runs."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from indexer.nightly.scheduler import Scheduler
from search.cron import CronTimes
from search.database.connection import session_scope
from search.database.models import Job
from search.jobs.job_records import finish, start_job

WITHIN_S = 30.0


@contextmanager
def at_work(scheduler: Scheduler) -> Iterator[None]:
    """Run a scheduler in a thread for a block."""
    thread = threading.Thread(target=scheduler.work)
    thread.start()
    try:
        yield
    finally:
        scheduler.stop()
        thread.join(WITHIN_S)
        assert not thread.is_alive()


def daily(hours_ago: float) -> CronTimes:
    """Return a daily schedule whose last time was a given number of hours ago."""
    due = datetime.now(UTC) - timedelta(hours=hours_ago)
    return CronTimes(f"{due.minute} {due.hour} * * *", UTC)


def ran(database: Engine, kind: str, hours_ago: float) -> None:
    """Record a finished job that began a given number of hours ago."""
    with session_scope(database) as session:
        job_id = start_job(session, kind)
        finish(session, job_id)
        session.get_one(Job, job_id).started_at = datetime.now(UTC) - timedelta(hours=hours_ago)
