"""The processes of a shop in service, and killing them: server, workers, watcher, nightly run.

Each is a real `findalike` command on the same FINDALIKE_HOME with the embedded PostgreSQL.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from search.postgres_processes import find_postmaster, is_server_process

FINDALIKE = str(Path(sys.executable).with_name("findalike"))
LONGEST_RUN_S = 300.0
KILLED = ("reindex", "worker", "postgres", "machine")
"""What is killed: one process, or with `machine` all but the web server."""


@dataclass(slots=True)
class Household:
    """Commands that run for the time of the test.

    Args:
        home: FINDALIKE_HOME.
        watch: Whether `findalike watch` runs too.
    """

    home: Path
    watch: bool = True
    _services: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """What every command gets: nothing but the home is the caller's own."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("FINDALIKE_")}
        return inherited | {
            "FINDALIKE_HOME": str(self.home),
            "FINDALIKE_BATCH_IMAGES": "8",  # many batches, many moments to be killed at
            "FINDALIKE_RATE_ANONYMOUS": "9999/second",
            "FINDALIKE_LOG_FORMAT": "json",
            "OMP_NUM_THREADS": "1",
        }

    def start(self, *command: str) -> "subprocess.Popen[bytes]":
        """Start a command in a session of its own; its output goes to a log in the home."""
        (self.home / "logs").mkdir(parents=True, exist_ok=True)
        with (self.home / "logs" / f"soak-{command[0]}.log").open("ab") as log:
            return subprocess.Popen(
                [FINDALIKE, *command],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if "--json" in command else log,
                stderr=log,
                start_new_session=True,
            )

    def keep(self, *command: str) -> None:
        """Start a service, unless it lives."""
        running = self._services.get(command[0])
        if running is None or running.poll() is not None:
            self._services[command[0]] = self.start(*command)

    def keep_all(self) -> None:
        """Start what does not live of the services, as an init system would."""
        self.keep("worker", "--processes", "1")
        if self.watch:
            self.keep("watch")

    def stop_all(self) -> None:
        """End the services."""
        for process in self._services.values():
            process.send_signal(signal.SIGTERM)
        for process in self._services.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(30)
            _kill_family(process.pid)

    def kill(self, what: str, reindex: "subprocess.Popen[bytes]") -> None:
        """Kill one of `KILLED` as the kernel does when memory is short."""
        if what in ("reindex", "machine"):
            _kill_family(reindex.pid)
        if what == "machine":
            for process in self._services.values():
                _kill_family(process.pid)
        elif what == "worker":  # one that its supervisor starts again
            with suppress(psutil.NoSuchProcess):
                for child in psutil.Process(self._services["worker"].pid).children():
                    child.kill()
        if what in ("postgres", "machine"):
            self._kill_database()

    def _kill_database(self) -> None:
        cluster = self.home / "postgres"
        postmaster = find_postmaster(cluster)
        if postmaster is None:
            return
        with suppress(psutil.NoSuchProcess):
            family = [postmaster, *postmaster.children()]
            postmaster.kill()
            until = time.monotonic() + 30
            while any(is_server_process(p, cluster) for p in family) and time.monotonic() < until:
                time.sleep(0.02)

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Serve for a block; yields the address. Nobody kills the server."""
        server = self.start("serve", "--port", "0", "--json")
        try:
            line = server.stdout.readline() if server.stdout else b""
            if not line.strip():
                raise RuntimeError(f"findalike serve did not start; see {self.home}/logs")
            yield str(json.loads(line)["address"]).rstrip("/")
        finally:
            server.send_signal(signal.SIGTERM)
            server.communicate(timeout=60)


def outcome(reindex: "subprocess.Popen[bytes]") -> tuple[int, dict[str, Any]]:
    """Wait for a run; return its exit code and its report, empty where it did not get to one."""
    try:
        said, _ = reindex.communicate(timeout=LONGEST_RUN_S)
    except subprocess.TimeoutExpired:
        _kill_family(reindex.pid)
        raise RuntimeError(f"A run did not end within {LONGEST_RUN_S:.0f} s.") from None
    with suppress(json.JSONDecodeError):
        return reindex.returncode, dict(json.loads(said))
    return reindex.returncode, {}


def _kill_family(pid: int) -> None:
    """Kill a process and all that it started, at once."""
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        for member in (process, *process.children(recursive=True)):
            # The database is a child of whoever started it, but not the one that is meant.
            with suppress(psutil.NoSuchProcess):
                if member.name() != "postgres":
                    member.kill()
