"""A RabbitMQ server from Debian's package that a test may stop.

It listens only on loopback, on ports of its own: AMQP, Erlang's distribution, and the port mapper
`epmd`, which would otherwise outlive it on a port that the whole machine shares. It writes only
into the test's folder.
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
"""The program behind Debian's wrapper, which requires its own user and folders."""
CONTAINER = Path(__file__).parents[3] / "docker" / "rabbitmq.conf"
"""The configuration of the container, used here too."""
CONFIGURATION = """
listeners.tcp.1 = 127.0.0.1:{port}
loopback_users = none
log.console = true
log.file = false
"""


@contextmanager
def running_rabbitmq(folder: Path, *, within_s: float = 120) -> Iterator[str]:
    """Run a server; yield its URL. Skip the test if Debian's package is not installed."""
    if not PROGRAM.exists():
        pytest.skip("needs Debian's rabbitmq-server")
    port, distribution, mapper = free_port(), free_port(), free_port()
    settings = folder / "rabbitmq.conf"
    settings.write_text(CONTAINER.read_text() + CONFIGURATION.format(port=port))
    (folder / "enabled_plugins").write_text("[].")
    environment = os.environ | {
        "HOME": str(folder),  # Erlang stores its cookie there
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
        # A child of ours: one that the server starts would outlive it.
        run(processes, ["epmd", "-port", str(mapper)], environment, log)
        server = run(processes, [PROGRAM], environment, log)
        _wait_for_greeting(port, server, folder / "server.log", within_s)
        yield f"amqp://guest:guest@127.0.0.1:{port}//"


def run(
    processes: ExitStack, program: list[str | Path], environment: dict[str, str], log: IO[bytes]
) -> subprocess.Popen[bytes]:
    """Start a program; it is killed with its children when the stack unwinds."""
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
    """Wait until the server not only accepts connections, but answers with AMQP."""
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
