"""A job that is the only one of its kind: recorded, counted, ended whatever happens."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from search.advisory_locks import exclusively
from search.db import session_scope
from search.jobs import advance, begin_stage, fail, finish, start_job
from search.models import Job


@dataclass(slots=True)
class SoleJob:
    """A job that is the only one of its kind; `report` is kept when it ends.

    Its stages are steps that have names; the report gets the seconds that each took.
    """

    id: int
    database: sqlalchemy.Engine
    report: dict[str, Any] = field(default_factory=dict)
    _stage: str | None = None
    _began_at: float = 0.0  # monotonic seconds

    def step(self) -> None:
        """Count one step as done."""
        with session_scope(self.database) as session:
            advance(session, self.id, done=1)

    def expect(self, steps: int) -> None:
        """Count on so many steps more than were planned."""
        with session_scope(self.database) as session:
            session.get_one(Job, self.id, with_for_update=True).total += steps

    def begin(self, stage: str) -> None:
        """End the stage before, and say what is being done now."""
        self.end()
        self._stage, self._began_at = stage, time.monotonic()
        with session_scope(self.database) as session:
            begin_stage(session, self.id, stage)

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
    with exclusively(database, kind):
        with session_scope(database) as session:
            dead = select(Job.id).where(Job.kind == kind, Job.state == "running")
            for job_id in session.scalars(dead).all():
                fail(session, job_id, "It was killed, or its machine went down.")
            job = SoleJob(start_job(session, kind, total=steps), database)
        try:
            yield job
        except BaseException as error:
            # What went wrong first is what the caller must hear of, not a database that is away.
            with suppress(SQLAlchemyError), session_scope(database) as session:
                fail(session, job.id, _reason(error), job.report)
            raise
        job.end()
        with session_scope(database) as session:
            finish(session, job.id, job.report)


def _reason(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "It was interrupted. What was done is kept; the next run goes on from there."
    return str(error) or type(error).__name__
