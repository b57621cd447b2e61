"""A RabbitMQ server of Debian's package that a test may stop.

It listens on loopback alone, on ports of its own: AMQP, Erlang's distribution, and the port mapper
`epmd`, which would otherwise outlive it under a port that all of the machine shares. Everything
that it writes is in the test's folder.
"""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO

import pytest

from tests.support.servers.redis_server import free_port

PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
"""The one behind Debian's wrapper, which insists on its own user and folders."""
CONTAINER = Path(__file__).parents[3] / "docker" / "rabbitmq.conf"
"""What the container is told, told here too."""
CONFIGURATION = """
listeners.tcp.1 = 127.0.0.1:{port}
loopback_users = none
log.console = true
log.file = false
"""


@contextmanager
def running_rabbitmq(folder: Path, *, within_s: float = 120) -> Iterator[str]:
    """Run a server; yields its URL. Skips the test where Debian's package is not installed."""
    if not PROGRAM.exists():
        pytest.skip("needs Debian's rabbitmq-server")
    port, distribution, mapper = free_port(), free_port(), free_port()
    settings = folder / "rabbitmq.conf"
    settings.write_text(CONTAINER.read_text() + CONFIGURATION.format(port=port))
    (folder / "enabled_plugins").write_text("[].")
    environment = os.environ | {
        "HOME": str(folder),  # where Erlang keeps its cookie
        "ERL_EPMD_PORT": str(mapper),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODENAME": f"findalike-{port}@localhost",
        "RABBITMQ_DIST_PORT": str(distribution),
        "RABBITMQ_CONFIG_FILE": str(settings.with_suffix("")),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
    }
    with (folder / "server.log").open("wb") as log, ExitStack() as processes:
        # Its own child, else the server would start one that outlives it.
        run(processes, ["epmd", "-port", str(mapper)], environment, log)
        server = run(processes, [PROGRAM], environment, log)
        _wait_for_greeting(port, server, folder / "server.log", within_s)
        yield f"amqp://guest:guest@127.0.0.1:{port}//"


def run(
    processes: ExitStack, program: list[str | Path], environment: dict[str, str], log: IO[bytes]
) -> subprocess.Popen[bytes]:
    """Start a program, which is killed with its children when the stack unwinds."""
    process = subprocess.Popen(
        program, env=environment, stdout=log, stderr=log, start_new_session=True
    )

    def end() -> None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)

    processes.callback(end)
    return process


def _wait_for_greeting(
    port: int, process: subprocess.Popen[bytes], log: Path, within_s: float
) -> None:
    """Wait until the server answers as AMQP servers do, not only accepts connections."""
    deadline = time.monotonic() + within_s
    while True:
        assert process.poll() is None, f"RabbitMQ ended: {log.read_text()[-2000:]}"
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as client:
            client.settimeout(2)
            client.sendall(b"AMQP\x00\x00\x09\x01")
            if client.recv(1):
                return
        assert time.monotonic() < deadline, f"RabbitMQ is silent: {log.read_text()[-2000:]}"
        time.sleep(0.1)
