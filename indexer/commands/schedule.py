"""`findalike schedule`: `reindex` at the times of FINDALIKE_SCHEDULE, in the foreground."""

import signal
import sys
from types import FrameType

import click

from search.cli import echo_json, in_session, json_option
from search.errors import WrongSetting
from search.settings import load_settings


def check_schedule(*, as_json: bool) -> None:
    """Say whether somebody attends the schedule: this command or Celery beat; else exit code 1."""
    from search.jobs.workers import application_connected
    from search.operation.run_schedule import SCHEDULER

    attended = in_session(
        lambda session: application_connected(session, SCHEDULER), "findalike-check"
    )
    if as_json:
        echo_json({"attended": attended})
    else:
        click.echo("The schedule is attended." if attended else "Nobody runs the schedule.")
    if not attended:
        sys.exit(1)


@click.command()
@click.option("--check", is_flag=True, help="Say whether the schedule is attended, and end.")
@json_option
def schedule(*, check: bool, as_json: bool) -> None:
    """Run `reindex` at the times of FINDALIKE_SCHEDULE until SIGTERM or Ctrl-C.

    A run that was missed is made up for at the start, once. A run that fails is logged, and the
    next comes at its time. A signal ends the run at work too; what it encoded is kept.
    """
    if check:
        check_schedule(as_json=as_json)
        return
    from indexer.nightly.scheduler import Nightly
    from search.database.connection import open_database
    from search.operation.run_schedule import SCHEDULER, schedule_of

    settings = load_settings()
    times = schedule_of(settings)
    if times is None:
        raise WrongSetting(
            "FINDALIKE_SCHEDULE", "unset", "give five fields as in cron, such as `30 2 * * *`"
        )
    database = open_database(settings, application_name=SCHEDULER)
    nightly = Nightly(times, database, settings)

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        nightly.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    try:
        nightly.work()
    finally:
        database.dispose()
    if as_json:
        echo_json({"runs": nightly.runs, "failures": nightly.failures})
