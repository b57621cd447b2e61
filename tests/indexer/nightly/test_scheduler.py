"""The scheduler runs what is due, once, and ends cleanly."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, create_engine
from structlog.testing import capture_logs

from indexer.commands.schedule import schedule as schedule_command
from indexer.nightly.scheduler import Scheduler
from search.database.connection import open_database, session_scope
from search.errors import WrongSetting
from search.jobs.job_records import latest_job
from search.operation.run_schedule import SCHEDULER
from search.settings import Settings, load_settings
from tests.support.schedules import WITHIN_S, at_work, daily, ran
from tests.support.waiting import wait_until

RUN = """
import sys
from search.database.connection import open_database, session_scope
from search.jobs.job_records import fail, start_job
with session_scope(open_database()) as session:
    fail(session, start_job(session, "reindex"), "no catalogue")
sys.exit(1)
"""
WAIT = """
import pathlib, sys, time
pathlib.Path(sys.argv[1]).write_text("begun")
try:
    time.sleep(60)
except KeyboardInterrupt:
    pathlib.Path(sys.argv[1]).write_text("interrupted")
    sys.exit(1)
"""


def nightly(database: Engine, *script: str, hours_ago: float = 2) -> Scheduler:
    command = (sys.executable, "-c", *script)
    return Scheduler(daily(hours_ago), database, load_settings(), command, look_every_s=0.05)


def test_a_missed_run_is_made_up_for_once_and_may_fail(
    database: Engine, settings: Settings
) -> None:
    ran(database, "reindex", hours_ago=30)
    due = nightly(database, RUN)
    with at_work(due):
        wait_until(lambda: due.failures == 1)
        time.sleep(0.3)  # several more checks
    assert (due.runs, due.failures) == (1, 1)
    with session_scope(database) as session:
        job = latest_job(session, "reindex")
    assert job is not None
    assert job.error == "no catalogue"


def test_nights_that_were_missed_are_one_run(database: Engine, settings: Settings) -> None:
    ran(database, "reindex", hours_ago=75)
    due = nightly(database, RUN)
    with at_work(due):
        wait_until(lambda: due.failures == 1)
        time.sleep(0.3)
    assert due.runs == 1


@pytest.mark.parametrize("kind", ["reindex", "ingest", None])
def test_what_is_not_due_does_not_run(
    database: Engine, settings: Settings, kind: str | None
) -> None:
    """The last run or the shop is newer than the last time, or there is no shop yet."""
    if kind is not None:
        ran(database, kind, hours_ago=1)
    idle = nightly(database, RUN)
    with at_work(idle):
        time.sleep(0.3)
    assert idle.runs == 0


def test_a_run_that_records_nothing_is_not_repeated(database: Engine, tmp_path: Path) -> None:
    """For example, it was refused because another run is active."""
    ran(database, "reindex", hours_ago=30)
    refused = nightly(database, "raise SystemExit(1)")
    with at_work(refused):
        wait_until(lambda: refused.failures == 1)
        time.sleep(0.3)
    assert refused.runs == 1


def test_a_run_that_was_killed_is_told(database: Engine, settings: Settings) -> None:
    """A killed run can't raise the alarm itself; a failed one did."""
    ran(database, "reindex", hours_ago=30)
    killed = nightly(database, "import os; os.kill(os.getpid(), 9)")
    with capture_logs() as logs, at_work(killed):
        wait_until(lambda: killed.failures == 1)
        wait_until(lambda: any(line["event"] == "alarm" for line in logs))
    [alarm] = [line for line in logs if line["event"] == "alarm"]
    assert alarm["alarm"] == "reindex_killed"
    assert "signal 9" in alarm["message"]


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Let children be interrupted, even if a script runs the tests in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_stopping_interrupts_the_run_at_work(database: Engine, tmp_path: Path) -> None:
    ran(database, "reindex", hours_ago=30)
    mark = tmp_path / "mark"
    working = nightly(database, WAIT, str(mark))
    with at_work(working):
        wait_until(lambda: mark.is_file() and mark.read_text() == "begun")
    assert mark.read_text() == "interrupted"
    assert working.failures == 1


def test_a_database_that_is_away_is_waited_for(database: Engine, settings: Settings) -> None:
    nowhere = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none")
    waiting = nightly(nowhere, RUN)
    with at_work(waiting):
        time.sleep(0.3)
    assert waiting.runs == 0
    nowhere.dispose()


def test_the_check_says_whether_somebody_attends(database: Engine, settings: Settings) -> None:
    """Until a scheduler works, and while one does."""
    nobody = CliRunner().invoke(schedule_command, ["--check"], catch_exceptions=False)
    scheduler = open_database(settings, application_name=SCHEDULER)
    idle = Scheduler(daily(2), scheduler, settings, look_every_s=0.05)

    def check() -> int:
        found = CliRunner().invoke(schedule_command, ["--check", "--json"], catch_exceptions=False)
        return found.exit_code

    with at_work(idle):
        wait_until(lambda: check() == 0)
    scheduler.dispose()

    assert nobody.exit_code == 1
    assert "Nobody runs the schedule" in nobody.output


@pytest.mark.parametrize("options", [[], ["--queued"]])
def test_the_command_says_what_it_lacks(settings: Settings, options: list[str]) -> None:
    with pytest.raises(WrongSetting, match=r"FINDALIKE_SCHEDULE.*30 2 \* \* \*"):
        CliRunner().invoke(schedule_command, options, catch_exceptions=False)


@pytest.mark.parametrize("hours_ahead", [9600, 26])
def test_a_clock_that_was_set_back_does_not_silence_it(
    database: Engine, settings: Settings, hours_ahead: float
) -> None:
    """The last run is of a future that never came; the one after it counts again."""
    ran(database, "reindex", hours_ago=-hours_ahead)
    due = nightly(database, RUN)
    due._handled = datetime.now(UTC) + timedelta(hours=hours_ahead)
    with at_work(due):
        wait_until(lambda: due.failures == 1)
        time.sleep(0.3)
    assert due.runs == 1


@pytest.mark.parametrize("options", [[], ["--queued"]])
def test_the_command_works_until_sigterm(
    settings: Settings, database: Engine, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    monkeypatch.setenv("FINDALIKE_SCHEDULE", "30 2 * * *")
    program = [sys.executable, "-c", "from search.cli import main; main()"]
    command = [*program, "schedule", "--json", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        assert b"schedule_started" in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        told, _ = process.communicate(timeout=WITHIN_S)
    assert process.returncode == 0
    assert json.loads(told) == {"runs": 0, "failures": 0}
