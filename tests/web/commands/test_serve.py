"""`findalike serve`: a real server process, from its first line to its end."""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from click.testing import CliRunner
from pydantic import SecretStr

from search.errors import WrongSetting
from search.settings import Settings, load_settings
from web.commands.serve import serve
from web.server import address_of, bind

STARTS_WITHIN_S = 120
START = (  # what the `findalike` command does, even if it is not installed
    "from search.telemetry.log_lines import configure_logging; configure_logging();"
    "from web.commands.serve import serve; serve()"
)


@contextmanager
def served(settings: Settings, *options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run the command; yield the address that it prints, and the process."""
    environment = os.environ | {
        "FINDALIKE_HOME": str(settings.home),
        "FINDALIKE_DATABASE_URL": settings.as_environment()["FINDALIKE_DATABASE_URL"],
        "FINDALIKE_DEVICE": "cpu",
        "OMP_NUM_THREADS": "1",
    }
    process = subprocess.Popen(
        [sys.executable, "-c", START, "--port", "0", "--json", *options],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        ready, _, _ = select.select([process.stdout], [], [], STARTS_WITHIN_S)
        assert ready, "no address in time"
        yield json.loads(process.stdout.readline())["address"], process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(15)
        finally:
            process.kill()
            process.stdout.close()


@pytest.mark.timeout(300)
def test_it_serves_until_it_is_told_to_stop(shop_settings: Settings) -> None:
    with served(shop_settings, "--workers", "2") as (address, process):
        with httpx.Client(base_url=address, timeout=30) as http:
            assert http.get("/readyz").json()["status"] == "ready"
            assert http.post("/api/v1/search", json={"text": "red"}).json()["total"] > 0
            deadline = time.monotonic() + 10
            while 'findalike_searches_total{kind="text"} 1.0' not in (
                metrics := http.get("/metrics").text
            ):
                assert time.monotonic() < deadline, metrics
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
    with pytest.raises(httpx.ConnectError):
        httpx.get(address)


def test_a_server_that_cannot_start_says_why(shop_settings: Settings) -> None:
    broken = shop_settings.model_copy(
        update={"database_url": SecretStr("postgresql://nobody@127.0.0.1:1/nothing")}
    )
    environment = os.environ | {
        "FINDALIKE_HOME": str(broken.home),
        "FINDALIKE_DATABASE_URL": broken.as_environment()["FINDALIKE_DATABASE_URL"],
    }

    ended = subprocess.run(
        [sys.executable, "-c", START, "--port", "0"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=STARTS_WITHIN_S,
        check=False,
    )

    assert ended.returncode == 1
    assert "Error: " in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""


def test_a_taken_port_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setenv("FINDALIKE_PORT", str(port))
        load_settings.cache_clear()

        result = CliRunner().invoke(serve, [])

    assert isinstance(result.exception, WrongSetting)
    assert f"127.0.0.1:{port}" in str(result.exception)
    assert "--port" in str(result.exception)


@pytest.mark.parametrize("options", [["--port", "70000"], ["--workers", "0"], ["--nope"]])
def test_wrong_options_are_refused(options: list[str]) -> None:
    assert CliRunner().invoke(serve, options).exit_code == 2


def test_addresses_reach_the_server() -> None:
    with bind("127.0.0.1", 0) as one, bind("0.0.0.0", 0) as every:  # noqa: S104
        assert address_of(one) == f"http://127.0.0.1:{one.getsockname()[1]}"
        assert address_of(every) == f"http://127.0.0.1:{every.getsockname()[1]}"


def test_the_commands_module_is_light() -> None:
    """The parent process forks workers, so it must not import torch; commands must start fast."""
    check = "import sys, web.commands.serve, web.server; print('torch' in sys.modules)"

    seen = subprocess.run(
        [sys.executable, "-c", check], capture_output=True, text=True, timeout=60, check=True
    )

    assert seen.stdout.strip() == "False"
