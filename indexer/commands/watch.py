"""`findalike watch`: carries changes of single products to searchers all day."""

import signal
from dataclasses import asdict
from types import FrameType

import click

from search.cli import echo_json, json_option
from search.settings import load_settings


@click.command()
@click.option(
    "--every",
    "every_s",
    type=click.FloatRange(0.05, 60),
    metavar="SECONDS",
    help="Between looks, instead of FINDALIKE_WATCH_S.",
)
@click.option("--once", is_flag=True, help="End when all that waits is done.")
@json_option
def watch(*, every_s: float | None, once: bool, as_json: bool) -> None:
    """Take changes, encode and publish them as a delta until SIGTERM or Ctrl-C.

    Several may run: each change is taken by one. What fails is logged and tried again.
    """
    from indexer.delta.change_watch import ChangeWatch
    from search.database.connection import open_database
    from search.operation.delta_freshness import WATCHER

    settings = load_settings()
    if every_s is not None:
        settings = settings.model_copy(update={"watch_s": every_s})
    database = open_database(settings, application_name=WATCHER)
    watching = ChangeWatch(database, settings)

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        watching.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    try:
        watching.work(once=once)
    finally:
        database.dispose()
    if as_json:
        echo_json(asdict(watching.total))
