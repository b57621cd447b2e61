"""`findalike worker`: runs worker processes on this machine until they are told to stop."""

import signal
import socket
import sys
import threading
from collections.abc import Sequence
from types import FrameType

import click

from indexer.queue.worker_supervisor import STOP_WITHIN_S
from search.cli import echo_json, in_session, json_option
from search.errors import WrongSetting
from search.jobs.queues import QUEUES, WORKER_QUEUES, short_name
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


def parse_queues(value: str) -> tuple[str, ...]:
    """Split `fetch,encode` and check that each is a queue.

    Raises:
        WrongSetting: a part is no queue.
    """
    queues = tuple(dict.fromkeys(part.strip() for part in value.split(",")))
    known = [short_name(queue) for queue in QUEUES]
    if not set(queues) <= set(known):
        raise WrongSetting("--queues", repr(value), f"give one or more of {', '.join(known)}")
    return queues


def check_worker(*, as_json: bool) -> None:
    """Say how many workers of this machine are connected; exit code 1 where none is.

    It is for health checks: a worker's connection ends with its process.
    """
    from search.jobs.workers import worker_connections

    workers = in_session(worker_connections, "findalike-check")
    pids = [worker.pid for worker in workers if worker.is_on(socket.gethostname())]
    if as_json:
        echo_json({"pids": pids})
    else:
        click.echo(f"{len(pids)} worker{'s'[: len(pids) != 1]} of this machine at work.")
    if not pids:
        sys.exit(1)


@click.command()
@click.option(
    "--processes", type=click.IntRange(1, 256), help="How many; unset: as suits this machine."
)
@click.option("--devices", help="One process on each, such as cuda:0,cuda:1.")
@click.option(
    "--queues",
    default=",".join(WORKER_QUEUES),
    show_default=True,
    help="Whose tasks: products, fetch, encode, build. A build takes long: give it its own.",
)
@click.option(
    "--stop-within",
    type=click.FloatRange(min=0),
    default=STOP_WITHIN_S,
    show_default=True,
    help="Seconds to finish what is at work after a signal; then it is ended.",
)
@click.option("--check", is_flag=True, help="Say whether one of this machine is at work, and end.")
@json_option
def worker(
    *,
    processes: int | None,
    devices: str | None,
    queues: str,
    stop_within: float,
    check: bool,
    as_json: bool,
) -> None:
    """Work on what is queued until SIGTERM or Ctrl-C.

    The first signal lets every process finish its batch; a second one ends them at once, which
    loses nothing but the work of that batch. A process that dies is started again.
    """
    if check:
        check_worker(as_json=as_json)
        return
    if processes is not None and devices is not None:
        raise click.UsageError("Give --processes or --devices, not both.")
    from indexer.queue.worker_supervisor import default_processes

    settings, taken = load_settings(), parse_queues(queues)
    # Only one build runs at a time: a second process would wait for the first.
    usual = 1 if taken == ("build",) else default_processes(settings)
    chosen = [settings.device] * (processes or usual) if devices is None else parse_devices(devices)
    deaths = supervise(settings, chosen, taken, stop_within)
    if as_json:
        echo_json({"processes": len(chosen), "deaths": deaths})


def supervise(
    settings: Settings, devices: Sequence[str], queues: Sequence[str], stop_within_s: float
) -> int:
    """Keep workers running until a signal; return how many died meanwhile.

    Raises:
        DatabaseUnavailable: PostgreSQL does not answer.
        BrokerUnavailable: the broker does not.
    """
    from indexer.queue.broker import prepare_broker
    from indexer.queue.celery_app import make_app
    from indexer.queue.worker_supervisor import WorkerGroup
    from search.database.connection import open_database

    # Checked once here, so that a wrong address is one clear error, not one per restart.
    open_database(settings).dispose()
    prepare_broker(make_app(settings), settings)
    asked = threading.Event()
    with WorkerGroup(settings, devices, queues=queues, stop_within_s=stop_within_s) as group:

        def on_signal(_number: int, _frame: FrameType | None) -> None:
            if asked.is_set():
                group.kill()
            asked.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, on_signal)
        where, what = ", ".join(sorted(set(devices))), ", ".join(queues)
        click.echo(
            f"{len(devices)} worker{'s'[: len(devices) != 1]} on {where} for {what}; "
            "Ctrl-C ends them after their batch, twice at once.",
            err=True,
        )
        while not asked.wait(timeout=3600):
            pass
    return group.deaths
