"""`findalike schedule`: `reindex` at the times of FINDALIKE_SCHEDULE, in the foreground."""

import signal
from types import FrameType

import click

from search.cli import echo_json, json_option
from search.errors import WrongSetting
from search.settings import load_settings


@click.command()
@json_option
def schedule(*, as_json: bool) -> None:
    """Run `reindex` at the times of FINDALIKE_SCHEDULE until SIGTERM or Ctrl-C.

    A run that was missed is made up for at the start, once. A run that fails is logged, and the
    next comes at its time. A signal ends the run at work too; what it encoded is kept.
    """
    from indexer.nightly import Nightly
    from search.db import open_database
    from search.operation.schedule import SCHEDULER, schedule_of

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
