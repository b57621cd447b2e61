"""A job that is the only one of its kind: recorded, counted, ended whatever happens."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

import sqlalchemy
import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_exponential

from search.advisory_locks import Hold, exclusively
from search.db import is_lost_connection, run_transaction, session_scope
from search.errors import DatabaseUnavailable
from search.jobs import advance, begin_stage, fail, finish, start_job
from search.models import Job

AWAY_AT_MOST_S = 300.0
"""A database that stays away for longer fails the run."""

T = TypeVar("T")
log = structlog.get_logger()


@dataclass(slots=True)
class SoleJob:
    """A job that is the only one of its kind; `report` is kept when it ends.

    Its stages are steps that have names; the report gets the seconds that each took. It outlasts
    a restart of the database: what it writes is written again, and the lock taken again.
    """

    id: int
    database: sqlalchemy.Engine
    hold: Hold
    report: dict[str, Any] = field(default_factory=dict)
    _stage: str | None = None
    _began_at: float = 0.0  # monotonic seconds

    def step(self) -> None:
        """Count one step as done."""
        run_transaction(self.database, lambda session: advance(session, self.id, done=1))

    def expect(self, steps: int) -> None:
        """Count on so many steps more than were planned."""
        with session_scope(self.database) as session:
            session.get_one(Job, self.id, with_for_update=True).total += steps

    def begin(self, stage: str) -> None:
        """End the stage before, and say what is being done now.

        Raises:
            AlreadyRunning: the lock was lost with the database, and another process took it.
        """
        self.end()
        self._stage, self._began_at = stage, time.monotonic()
        run_transaction(self.database, lambda session: begin_stage(session, self.id, stage))
        self.hold.renew()

    def end(self) -> None:
        """Count the present stage, if there is one, as done."""
        if self._stage is None:
            return
        seconds = self.report.setdefault("seconds", {})
        seconds[self._stage] = round(time.monotonic() - self._began_at, 2)
        self._stage = None
        self.step()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Run a block as one stage; one that fails is not counted."""
        self.begin(name)
        yield
        self.end()


@contextmanager
def sole_job(database: sqlalchemy.Engine, kind: str, steps: int) -> Iterator[SoleJob]:
    """Run a block under the lock of its kind, recorded as a job.

    Jobs of this kind that still say `running` were killed, or the lock would not be free; they
    are marked as failed.

    Raises:
        AlreadyRunning: another process is at it; says who and since when.
    """
    with exclusively(database, kind) as hold:
        with session_scope(database) as session:
            dead = select(Job.id).where(Job.kind == kind, Job.state == "running")
            for job_id in session.scalars(dead).all():
                fail(session, job_id, "It was killed, or its machine went down.")
            job = SoleJob(start_job(session, kind, total=steps), database, hold)
        try:
            yield job
        except BaseException as error:
            # What went wrong first is what the caller must hear of, not a database that is away.
            with suppress(SQLAlchemyError), session_scope(database) as session:
                fail(session, job.id, _reason(error), job.report)
            raise
        job.end()
        run_transaction(database, lambda session: finish(session, job.id, job.report))


def outlasting(work: Callable[[], T]) -> T:
    """Return what work returns; begin it again, later and later, while the database is away.

    Args:
        work: May be done again, wherever it was stopped.
    """
    return Retrying(
        retry=retry_if_exception(_is_away),
        stop=stop_after_delay(AWAY_AT_MOST_S),
        wait=wait_exponential(multiplier=0.5, max=15),
        before_sleep=lambda state: log.warning("stage_repeated", attempt=state.attempt_number),
        reraise=True,
    )(work)


def _is_away(error: BaseException) -> bool:
    return is_lost_connection(error) or isinstance(error, DatabaseUnavailable)


def _reason(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "It was interrupted. What was done is kept; the next run goes on from there."
    return str(error) or type(error).__name__
