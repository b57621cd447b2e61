"""`findalike worker`: worker processes on this machine, until they are told to stop."""

import signal
import threading
from types import FrameType

import click

from search.cli import echo_json, json_option
from search.errors import WrongSetting
from search.settings import Settings, load_settings


def parse_devices(value: str) -> list[str]:
    """Split `cuda:0,cuda:1` and check each part as FINDALIKE_DEVICE is checked.

    Raises:
        WrongSetting: a part is no device.
    """
    devices = [part.strip() for part in value.split(",")]
    for device in devices:
        try:
            Settings(device=device)
        except ValueError as error:
            raise WrongSetting(
                "--devices", repr(value), "give auto, cpu, cuda or cuda:N, separated by commas"
            ) from error
    return devices


@click.command()
@click.option(
    "--processes", type=click.IntRange(1, 256), help="How many; unset: as suits this machine."
)
@click.option("--devices", help="One process on each, such as cuda:0,cuda:1.")
@json_option
def worker(*, processes: int | None, devices: str | None, as_json: bool) -> None:
    """Work on encode jobs until SIGTERM or Ctrl-C.

    The first signal lets every process finish its batch; a second one ends them at once, which
    loses nothing but the work of that batch. A process that dies is started again.
    """
    if processes is not None and devices is not None:
        raise click.UsageError("Give --processes or --devices, not both.")
    from indexer.broker import prepare_broker
    from indexer.celery_app import make_app
    from indexer.workers import WorkerGroup, default_processes
    from search.db import open_database

    settings = load_settings()
    chosen = (
        [settings.device] * (processes or default_processes(settings))
        if devices is None
        else parse_devices(devices)
    )
    # Checked here once, so that a wrong address is one clear error and not one per restart.
    open_database(settings).dispose()
    prepare_broker(make_app(settings), settings)
    asked = threading.Event()
    with WorkerGroup(settings, chosen) as group:

        def on_signal(_number: int, _frame: FrameType | None) -> None:
            if asked.is_set():
                group.kill()
            asked.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, on_signal)
        click.echo(
            f"{len(chosen)} worker{'s'[: len(chosen) != 1]} on {', '.join(sorted(set(chosen)))}; "
            "Ctrl-C ends them after their batch, twice at once.",
            err=True,
        )
        while not asked.wait(timeout=3600):
            pass
    if as_json:
        echo_json({"processes": len(chosen), "deaths": group.deaths})
