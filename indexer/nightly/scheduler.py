"""The scheduler: a `reindex` at each time of the schedule, one at a time, until it is told to stop.

A run is due when the last one began before the last time of the schedule. So a run that was missed
while no scheduler worked is made up for at the start, once, and a second scheduler on another
machine does no harm.

The scheduler runs `reindex` itself, each time in a process of its own: one that the system kills
costs a night and not the schedule, and its memory is free during the day. Or it is queued: then it
asks a build worker by message, and keeps for which time it asked, so that a restart of the
scheduler does not ask again.
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
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from indexer.queue.run_request import keep_request, request_run, was_requested
from indexer.queue.worker_supervisor import SOURCE, STDERR
from search.cron import CronTimes
from search.database.advisory_locks import exclusively
from search.database.connection import session_scope
from search.errors import AlreadyRunning, FindalikeError
from search.operation.alarm import Alarm, raise_alarm
from search.operation.run_schedule import is_missed, last_start
from search.settings import Settings

LOOK_EVERY_S = 20.0
STOP_WITHIN_S = 120.0
"""Longest wait for a run that was told to stop; its workers finish their batch."""
EXPIRES_AFTER_S = 12 * 3600.0
"""A message that no build worker took is void by then: the next night has its own."""
REINDEX = (sys.executable, "-c", "from search.cli import main; main()", "reindex")

log = structlog.get_logger()


@dataclass(slots=True)
class Scheduler:
    """The loop behind `findalike schedule`.

    Args:
        times: When runs are due.
        database: Where runs are recorded.
        settings: Home, broker, and whom to tell that a run was killed.
        command: The command of a run.
        queued: Ask a build worker for runs instead of running them here.
        look_every_s: Seconds between looks at the clock and the database.
    """

    times: CronTimes
    database: sqlalchemy.Engine
    settings: Settings
    command: Sequence[str] = REINDEX
    queued: bool = False
    look_every_s: float = LOOK_EVERY_S
    runs: int = 0  # started, or asked for
    failures: int = 0
    _stopped: threading.Event = field(default_factory=threading.Event)
    _handled: datetime | None = None  # last time of the schedule that this scheduler saw to

    def work(self) -> None:
        """See to what is due, again and again, until `stop`."""
        connection: sqlalchemy.Connection | None = None
        next_at = self.times.next_after(datetime.now(UTC)).isoformat()
        log.info("schedule_started", next=next_at, queued=self.queued)
        while not self._stopped.is_set():
            try:
                # Held for the day, so that `findalike status` sees that a scheduler works.
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
                    self._see_to(due_at)
            self._stopped.wait(self.look_every_s)
        if connection is not None:
            connection.close()
        log.info("schedule_ended", runs=self.runs, failures=self.failures)

    def stop(self) -> None:
        """End the loop, and the run at work with it. May be called from a signal handler."""
        self._stopped.set()

    def _due(self) -> datetime | None:
        """Return the time whose run has not begun, None where there is none."""
        now = datetime.now(UTC)
        due_at = self.times.last_until(now)
        # A time after now was seen to before the clock was set back: it must not silence the rest.
        if self._handled is not None and due_at <= self._handled <= now:
            return None
        with session_scope(self.database) as session:
            return due_at if is_missed(due_at, last_start(session)) else None

    def _see_to(self, due_at: datetime) -> None:
        """Run what is due, or ask for it."""
        if not self.queued:
            self._handled = due_at
            self._run(due_at)
            return
        try:
            self._ask(due_at)
        except AlreadyRunning:
            return  # another scheduler asks at this moment; the next look finds that it has
        except (FindalikeError, SQLAlchemyError) as error:
            log.warning("schedule_waits_for_broker", error=str(error))
            return
        self._handled = due_at

    def _ask(self, due_at: datetime) -> None:
        """Ask a build worker for a run, unless it was asked before.

        Raises:
            AlreadyRunning: another scheduler asks at this moment.
            FindalikeError, SQLAlchemyError: the broker does not answer, or the database.
        """
        with exclusively(self.database, "schedule"):
            if was_requested(self.settings.root, due_at):
                return
            message = request_run(self.settings, expires_after_s=EXPIRES_AFTER_S)
            self.runs += 1
            log.info("reindex_asked_for", due=due_at.isoformat(), message=message)
            try:
                keep_request(self.settings.root, due_at)
            except OSError as error:  # a restart before the run begins asks once more
                log.warning("request_not_kept", error=str(error))

    def _run(self, due_at: datetime) -> None:
        """Run once. A failure is logged; the next time comes all the same."""
        self.runs += 1
        log.info("scheduled_run_started", due=due_at.isoformat())
        # A group of its own: Ctrl-C reaches it through `_end` alone, once.
        # What it says goes to the log; standard output is this command's own.
        with subprocess.Popen(
            self.command, env=_environment(), stdout=STDERR, start_new_session=True
        ) as process:
            while (status := process.poll()) is None:
                if self._stopped.wait(0.2):
                    _end(process)
        if status == 0:
            log.info("scheduled_run_done", due=due_at.isoformat())
        else:
            self.failures += 1
            log.error("scheduled_run_failed", due=due_at.isoformat(), status=status)
            if status < 0 and not self._stopped.is_set():  # it could not raise the alarm itself
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
