"""Whether the nightly run is due, overdue or under way."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from search.database.connection import open_database, session_scope
from search.database.models import Job
from search.jobs.job_records import finish, start_job
from search.operation.run_schedule import SCHEDULER, ScheduleState, is_missed, read_schedule
from search.settings import Settings


def nightly(settings: Settings, hours_ago: int) -> Settings:
    """Return settings with a daily run that was due a given number of hours ago."""
    due = datetime.now(UTC) - timedelta(hours=hours_ago)
    return settings.model_copy(update={"schedule": f"{due.minute} {due.hour} * * *"})


def ran(session: Session, kind: str, hours_ago: float, *, over: bool = True) -> int:
    """Record a job that began a given number of hours ago."""
    job_id = start_job(session, kind)
    session.get_one(Job, job_id).started_at = datetime.now(UTC) - timedelta(hours=hours_ago)
    session.flush()
    if over:
        finish(session, job_id)
    return job_id


def state(session: Session, settings: Settings, hours_ago: int = 2) -> ScheduleState:
    found = read_schedule(session, nightly(settings, hours_ago))
    assert found is not None
    return found


def test_nothing_is_scheduled_unless_it_is_said(session: Session, settings: Settings) -> None:
    assert read_schedule(session, settings) is None


def test_a_fresh_shop_is_late_with_nothing(session: Session, settings: Settings) -> None:
    assert not state(session, settings).overdue


def test_a_shop_that_never_ran_it_is_late_after_the_first_time(
    session: Session, settings: Settings
) -> None:
    ran(session, "ingest", 1)
    assert not state(session, settings).overdue
    ran(session, "ingest", 30)
    found = state(session, settings)
    assert found.overdue
    assert found.last is None


@pytest.mark.parametrize(
    ("began_hours_ago", "over", "overdue"), [(1, True, False), (26, True, True), (3, False, False)]
)
def test_a_run_is_overdue_when_it_has_not_begun(
    session: Session, settings: Settings, began_hours_ago: float, over: bool, overdue: bool
) -> None:
    job_id = ran(session, "reindex", began_hours_ago, over=over)
    found = state(session, settings)
    assert found.overdue is overdue
    assert found.last is not None
    assert found.last.id == job_id
    assert found.due_at < datetime.now(UTC) < found.next_at


def test_a_clock_that_goes_a_little_wrong_makes_no_run_late() -> None:
    due = datetime.now(UTC)
    assert not is_missed(due, due - timedelta(seconds=30))
    assert is_missed(due, due - timedelta(minutes=5))
    assert not is_missed(due, None)


def test_a_scheduler_at_work_is_seen(database: Engine, settings: Settings) -> None:
    def attended() -> bool:
        with session_scope(database) as session:  # connections are read once per transaction
            return state(session, settings).attended

    assert not attended()
    scheduler = open_database(settings, application_name=SCHEDULER)
    with scheduler.connect():
        assert attended()
    scheduler.dispose()
