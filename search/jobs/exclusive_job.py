"""A job of which only one of its kind runs: recorded, counted, and ended whatever happens.

A job has stages, each with a name, a duration and a cost. It outlasts a restart of the database:
what it writes is written again, and its lock is taken again.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

import sqlalchemy
import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from structlog.contextvars import bound_contextvars
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_exponential

from search.database.advisory_locks import HeldLock, exclusively
from search.database.connection import is_lost_connection, run_transaction, session_scope
from search.database.models import Job
from search.errors import DatabaseUnavailable
from search.jobs.job_records import advance, fail, finish, start_job
from search.jobs.job_stages import begin_stage, end_stage, measure_stage
from search.jobs.progress_bar import recording
from search.jobs.resource_usage import Cost
from search.jobs.run_context import work_of
from search.telemetry.tracing import span

KILLED = "It was killed, or its machine went down."
"""Why a job ended whose process is gone."""
AWAY_AT_MOST_S = 300.0
"""A run fails if the database stays away for longer."""

T = TypeVar("T")
log = structlog.get_logger()


@dataclass(slots=True)
class ExclusiveJob:
    """A job under the lock of its kind. Made by `exclusive_job`.

    `report` is kept when a stage ends and when the job does. The seconds of each stage go into it,
    and what the stage cost this process and those that it started and waited for.
    """

    id: int
    database: sqlalchemy.Engine
    lock: HeldLock
    report: dict[str, Any] = field(default_factory=dict)
    _stage: str | None = None
    _began_at: float = 0.0  # monotonic seconds
    _cost: Cost = field(default_factory=Cost.so_far)
    _stage_context: ExitStack = field(default_factory=ExitStack)  # its log fields and its span

    def step(self) -> None:
        """Count one step as done."""
        run_transaction(self.database, lambda session: advance(session, self.id, done=1))

    def expect(self, steps: int) -> None:
        """Add so many steps to those that were planned."""
        with session_scope(self.database) as session:
            session.get_one(Job, self.id, with_for_update=True).total += steps

    def begin(self, stage: str) -> None:
        """End the present stage, if there is one, and begin another.

        Raises:
            AlreadyRunning: the lock was lost with the database, and another process took it.
        """
        self.end()
        self._stage, self._began_at = stage, time.monotonic()
        self._cost = Cost.so_far()
        self._stage_context.enter_context(bound_contextvars(stage=stage))
        self._stage_context.enter_context(span(f"stage {stage}", job_id=self.id))
        run_transaction(self.database, lambda session: begin_stage(session, self.id, stage))
        self.lock.renew()

    def end(self) -> None:
        """Count the present stage, if there is one, as done."""
        if self._stage is None:
            return
        seconds = self.report.setdefault("seconds", {})
        seconds[self._stage] = round(time.monotonic() - self._began_at, 2)
        self.report.setdefault("cost", {})[self._stage] = Cost.so_far().since(self._cost)
        log.info("stage_done", seconds=seconds[self._stage])
        self._stage_context.close()
        self._stage = None

        def record(session: Session) -> None:
            end_stage(session, self.id, self.report)
            advance(session, self.id, done=1)

        run_transaction(self.database, record)

    def give_up(self, error: BaseException) -> None:
        """Record that the job failed, and why."""
        log.error("job_failed", error=_reason(error))
        self._stage_context.close()
        # The caller must hear of this error, not of a database that is away.
        with suppress(SQLAlchemyError), session_scope(self.database) as session:
            fail(session, self.id, _reason(error), self.report)

    def measure(self, done: int, total: int | None, *, unit: str, step: str | None) -> None:
        """Record how far the present stage is; where the database is away, do nothing."""
        with suppress(SQLAlchemyError), session_scope(self.database) as session:
            measure_stage(session, self.id, done, total, unit=unit, step=step)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Run a block as one stage; a stage that fails is not counted."""
        self.begin(name)
        yield
        self.end()


@contextmanager
def exclusive_job(database: sqlalchemy.Engine, kind: str, steps: int) -> Iterator[ExclusiveJob]:
    """Run a block under the lock of its kind, recorded as a job.

    Jobs of this kind that still say `running` were killed, for the lock is free; they are marked as
    failed.

    Raises:
        AlreadyRunning: another process runs one; says who and since when.
    """
    with exclusively(database, kind) as lock:
        with session_scope(database) as session:
            killed = select(Job.id).where(Job.kind == kind, Job.state == "running")
            for job_id in session.scalars(killed).all():
                fail(session, job_id, KILLED)
            job = ExclusiveJob(start_job(session, kind, total=steps), database, lock)
        with work_of(kind, job.id), recording(job.measure):
            try:
                yield job
            except BaseException as error:
                job.give_up(error)
                raise
            job.end()
            run_transaction(database, lambda session: finish(session, job.id, job.report))
            log.info("job_done", seconds=job.report.get("seconds"))


def repeat_while_away(work: Callable[[], T]) -> T:
    """Return what work returns; while the database is away, repeat it after ever longer pauses.

    Args:
        work: May be done again, wherever it was interrupted.
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
