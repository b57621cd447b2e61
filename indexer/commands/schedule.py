"""`findalike schedule`: `reindex` at the times of FINDALIKE_SCHEDULE, run here or by a worker."""

import signal
import sys
from types import FrameType

import click

from search.cli import echo_json, in_session, json_option
from search.errors import WrongSetting
from search.settings import load_settings


def check_schedule(*, as_json: bool) -> None:
    """Say whether a scheduler works, on this machine or another; exit code 1 where none does."""
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
@click.option(
    "--queued", is_flag=True, help="Let a worker of the queue `build` do each run; only ask for it."
)
@click.option("--check", is_flag=True, help="Say whether the schedule is attended, and end.")
@json_option
def schedule(*, queued: bool, check: bool, as_json: bool) -> None:
    """Run `reindex` at the times of FINDALIKE_SCHEDULE until SIGTERM or Ctrl-C.

    A run that was missed is made up for at the start, once. A run that fails is logged, and the
    next comes at its time. A signal ends the run at work too, unless a worker does it; what it
    encoded is kept.
    """
    if check:
        check_schedule(as_json=as_json)
        return
    from indexer.nightly.scheduler import Scheduler
    from indexer.queue.broker import prepare_broker
    from indexer.queue.celery_app import make_app
    from search.database.connection import open_database
    from search.operation.run_schedule import SCHEDULER, schedule_of

    settings = load_settings()
    times = schedule_of(settings)
    if times is None:
        raise WrongSetting(
            "FINDALIKE_SCHEDULE", "unset", "give five fields as in cron, such as `30 2 * * *`"
        )
    database = open_database(settings, application_name=SCHEDULER)
    scheduler = Scheduler(times, database, settings, queued=queued)

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        scheduler.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    try:
        if queued:  # a wrong address is an error at the start, not in the first night
            prepare_broker(make_app(settings), settings)
        scheduler.work()
    finally:
        database.dispose()
    if as_json:
        echo_json({"runs": scheduler.runs, "failures": scheduler.failures})
