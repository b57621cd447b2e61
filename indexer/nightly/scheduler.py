"""Runs `reindex` at the times of the schedule, one at a time, until it is told to stop.

A run is due when the last one began before the last time of the schedule. So a run that was missed
while this did not work is made up for at the start, once, and a second scheduler on another machine
does no harm. Each run is a process of its own: one that the system kills costs a night and not the
schedule, and its memory is free during the day.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import sqlalchemy
import structlog
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from indexer.queue.worker_supervisor import SOURCE, STDERR
from search.cron import CronTimes
from search.database.connection import session_scope
from search.database.models import Job
from search.errors import FindalikeError
from search.jobs.job_records import latest_job
from search.operation.alarm import Alarm, raise_alarm
from search.operation.run_schedule import is_missed
from search.settings import Settings

LOOK_EVERY_S = 20.0
STOP_WITHIN_S = 120.0
"""Longest wait for a run that was told to stop; its workers finish their batch."""
REINDEX = (sys.executable, "-c", "from search.cli import main; main()", "reindex")

log = structlog.get_logger()


@dataclass(slots=True)
class Nightly:
    """The loop behind `findalike schedule`.

    Args:
        times: When runs are due.
        database: Where runs are recorded.
        settings: Whom to tell that a run was killed.
        command: What a run is.
        look_every_s: Seconds between looks at the clock and the database.
    """

    times: CronTimes
    database: sqlalchemy.Engine
    settings: Settings
    command: Sequence[str] = REINDEX
    look_every_s: float = LOOK_EVERY_S
    runs: int = 0
    failures: int = 0
    _over: threading.Event = field(default_factory=threading.Event)
    _handled: datetime | None = None  # the time whose run was begun here, or found at work

    def work(self) -> None:
        """Run what is due, again and again, until `stop`."""
        connection: sqlalchemy.Connection | None = None
        log.info("schedule_started", next=self.times.next_after(datetime.now(UTC)).isoformat())
        while not self._over.is_set():
            try:
                # Held for the day, so that `findalike status` sees that somebody is here.
                connection = connection or self.database.connect()
                connection.execute(select(1))
                connection.commit()
                due_at = self._due()
            except (SQLAlchemyError, FindalikeError) as error:
                log.warning("schedule_waits_for_database", error=str(error))
                if connection is not None:
                    connection.invalidate()
                    connection.close()
                    connection = None
            else:
                if due_at is not None:
                    self._run(due_at)
            self._over.wait(self.look_every_s)
        if connection is not None:
            connection.close()
        log.info("schedule_ended", runs=self.runs, failures=self.failures)

    def stop(self) -> None:
        """End the loop, and the run at work with it. May be called from a signal handler."""
        self._over.set()

    def _due(self) -> datetime | None:
        """Return the time whose run has not begun, None where there is none."""
        due_at = self.times.last_until(datetime.now(UTC))
        if self._handled is not None and due_at <= self._handled:
            return None
        with session_scope(self.database) as session:
            last = latest_job(session, "reindex")
            begun = last.started_at if last else session.scalar(select(func.min(Job.started_at)))
        return due_at if is_missed(due_at, begun) else None

    def _run(self, due_at: datetime) -> None:
        """Run once. A failure is logged; the next time comes all the same."""
        self._handled, self.runs = due_at, self.runs + 1
        log.info("scheduled_run_started", due=due_at.isoformat())
        # A group of its own: Ctrl-C reaches it through `_end` alone, once.
        # What it says goes to the log; standard output is this command's own.
        with subprocess.Popen(
            self.command, env=_environment(), stdout=STDERR, start_new_session=True
        ) as process:
            while (status := process.poll()) is None:
                if self._over.wait(0.2):
                    _end(process)
        if status == 0:
            log.info("scheduled_run_done", due=due_at.isoformat())
        else:
            self.failures += 1
            log.error("scheduled_run_failed", due=due_at.isoformat(), status=status)
            if status < 0 and not self._over.is_set():  # it could not raise the alarm itself
                raise_alarm(self.settings, _killed(-status, due_at))


def _killed(signal_number: int, due_at: datetime) -> Alarm:
    return Alarm(
        "reindex_killed",
        "Killed",
        f"The run of {due_at:%Y-%m-%d %H:%M %Z} was ended by signal {signal_number}; 9 is often "
        "the system, short of memory. The live index is as it was. Run `findalike reindex`, which "
        "goes on from there.",
    )


def _environment() -> dict[str, str]:
    """Return this process's environment; the run imports what this process imported."""
    paths = [str(SOURCE), os.environ.get("PYTHONPATH", "")]
    return os.environ | {"PYTHONPATH": os.pathsep.join(path for path in paths if path)}


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Interrupt a run, so that it ends its workers and records why; kill one that does not."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        log.warning("scheduled_run_killed", pid=process.pid)
        process.kill()
        process.wait()
