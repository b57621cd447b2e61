"""When the nightly `reindex` is due: a cron expression, the run before, the run to come.

It runs nothing; `findalike schedule` does. A run counts whoever started it, so the system's own
cron serves as well.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from search.cron import CronTimes, parse_zone
from search.database.models import Job
from search.jobs.job_records import JobRecord, latest_job
from search.jobs.workers import application_connected
from search.settings import Settings

SCHEDULER = "findalike-schedule"
"""What `pg_stat_activity` calls the connection of `findalike schedule`."""
EARLY = timedelta(minutes=2)
"""A run that began so much before its time is still that run: clocks differ."""
GRACE = timedelta(minutes=15)
"""A run is overdue when it has not begun so long after its time. A start further ahead of now than
this was written before the clock was set back."""


@dataclass(frozen=True, slots=True)
class ScheduleState:
    """The schedule at one moment."""

    expression: str
    timezone: str
    due_at: datetime  # last time that there was
    next_at: datetime
    last: JobRecord | None  # last `reindex`, whoever started it
    overdue: bool  # the run that was due has not begun
    attended: bool  # `findalike schedule` runs


def is_missed(due_at: datetime, last_at: datetime | None) -> bool:
    """Return whether a run that was due has not begun.

    Args:
        due_at: When it was due.
        last_at: When the last run began, see `last_start`. A start that lies ahead says nothing:
            the clock was set back, and the schedule must not be silent until that time comes.
    """
    if last_at is None:
        return False
    return last_at < due_at - EARLY or last_at > datetime.now(UTC) + GRACE


def last_start(session: Session) -> datetime | None:
    """Return when the last `reindex` began, whoever started it.

    A shop that never ran it began with some other job. None: there was no job at all, so nothing
    can be late.
    """
    last = latest_job(session, "reindex")
    if last is not None:
        return last.started_at
    return session.scalar(select(func.min(Job.started_at)))


def schedule_of(settings: Settings) -> CronTimes | None:
    """Return what FINDALIKE_SCHEDULE says; None where nothing is scheduled."""
    if settings.schedule is None:
        return None
    return CronTimes(settings.schedule, parse_zone(settings.timezone))


def read_schedule(session: Session, settings: Settings) -> ScheduleState | None:
    """Return how the schedule stands; None where nothing is scheduled."""
    schedule = schedule_of(settings)
    if schedule is None:
        return None
    now = datetime.now(UTC)
    last, due_at = latest_job(session, "reindex"), schedule.last_until(now)
    running = last is not None and last.state == "running"
    missed = is_missed(due_at, last_start(session))
    return ScheduleState(
        expression=schedule.expression,
        timezone=settings.timezone,
        due_at=due_at,
        next_at=schedule.next_after(now),
        last=last,
        overdue=missed and not running and now > due_at + GRACE,
        attended=application_connected(session, SCHEDULER),
    )
