"""The processes of a running shop, and ways to kill them: server, worker, watcher, nightly run.

Each is a real `findalike` command on the same FINDALIKE_HOME with the embedded PostgreSQL.
"""

import json
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import psutil

from scripts.soaking.killing import kill_postmaster
from search.database.embedded.postgres_processes import find_postmaster

LONGEST_RUN_S = 300.0
STOP_WITHIN_S = 60.0
START_WITHIN_S = 120.0
KILLED = ("reindex", "worker", "postgres", "machine")
"""What may be killed: one of these, or `machine`: everything but the web server."""

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["scripts.soaking.preloaded_imports"])
"""Commands are forked from a server process that has imported everything and started no thread.
Starting Python anew would take longer than a run."""


class Command:
    """One `findalike` command in a process and a session of its own.

    Args:
        arguments: The command's arguments.
        environment: Its whole environment.
        output: File that its standard output is written to.
        log: File that its standard error is appended to.
    """

    def __init__(
        self, arguments: Sequence[str], environment: Mapping[str, str], output: Path, log: Path
    ) -> None:
        self._output = output
        self._process = CONTEXT.Process(
            target=_run_command, args=(arguments, dict(environment), (str(output), str(log)))
        )
        self._process.start()

    @property
    def pid(self) -> int:
        """Id of the process."""
        return self._process.pid or 0

    @property
    def running(self) -> bool:
        """Whether the process still runs."""
        return self._process.is_alive()

    def wait(self, within_s: float) -> int | None:
        """Return the exit code, or None if the command does not end in time."""
        self._process.join(within_s)
        return self._process.exitcode

    def stop(self) -> None:
        """Ask the command to end; kill it and its children if that takes too long."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
        if self.wait(STOP_WITHIN_S) is None:
            self.kill()

    def kill(self) -> None:
        """Kill the command and its children at once, as the kernel does when memory is short."""
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(self.pid)
            for member in (*process.children(recursive=True), process):
                # The database is a child of the command that started it, but must survive here.
                with suppress(psutil.NoSuchProcess):
                    if member.name() != "postgres":
                        member.kill()
        self.wait(STOP_WITHIN_S)

    def printed(self) -> dict[str, Any]:
        """Return the JSON object that the command printed; empty if it is missing or incomplete."""
        with suppress(json.JSONDecodeError, FileNotFoundError):
            return dict(json.loads(self._output.read_text(encoding="utf-8")))
        return {}


def _run_command(
    arguments: Sequence[str], environment: dict[str, str], streams: tuple[str, str]
) -> None:
    """Turn the forked process into a `findalike` command."""
    os.setsid()
    os.environ.clear()
    os.environ.update(environment)
    for descriptor, path in zip((1, 2), streams, strict=True):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), descriptor)
    sys.argv = ["findalike", *arguments]
    from search.cli import main

    main()


@dataclass(slots=True)
class ShopProcesses:
    """The commands that run during the test.

    Args:
        home: FINDALIKE_HOME of all of them.
        watch: Whether `findalike watch` runs too.
    """

    home: Path
    watch: bool = True
    _services: dict[str, Command] = field(default_factory=dict)
    _number: Iterator[int] = field(default_factory=count)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of every command; FINDALIKE_* variables of the caller are dropped."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("FINDALIKE_")}
        return inherited | {
            "FINDALIKE_HOME": str(self.home),
            "FINDALIKE_BATCH_IMAGES": "8",  # many batches, many moments to be killed at
            "FINDALIKE_RATE_ANONYMOUS": "9999/second",
            "FINDALIKE_LOG_FORMAT": "json",
            "OMP_NUM_THREADS": "1",
        }

    def start(self, *arguments: str) -> Command:
        """Start a command; its output and log go to `logs` in the home."""
        logs = self.home / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        output = logs / f"soak-{arguments[0]}-{next(self._number)}.json"
        return Command(arguments, self.environment, output, logs / f"soak-{arguments[0]}.log")

    def reindex(self, catalogue: Path) -> Command:
        """Start a nightly run."""
        return self.start("reindex", str(catalogue), "--json")

    def keep(self, *arguments: str) -> None:
        """Start a service, unless it runs already."""
        service = self._services.get(arguments[0])
        if service is None or not service.running:
            self._services[arguments[0]] = self.start(*arguments)

    def keep_all(self) -> None:
        """Start every service that does not run, as an init system would."""
        self.keep("worker", "--processes", "1")
        if self.watch:
            self.keep("watch")

    def stop_all(self) -> None:
        """End the services."""
        for service in self._services.values():
            service.stop()

    def kill(self, what: str, reindex: Command) -> None:
        """Kill one of `KILLED`."""
        if what in ("reindex", "machine"):
            reindex.kill()
        if what == "machine":
            for service in self._services.values():
                service.kill()
        elif what == "worker":  # the supervisor starts a new one
            with suppress(psutil.NoSuchProcess):
                for child in psutil.Process(self._services["worker"].pid).children():
                    if child.name() != "postgres":
                        child.kill()
        if what in ("postgres", "machine"):
            self._kill_database()

    def _kill_database(self) -> None:
        postmaster = find_postmaster(self.home / "postgres")
        if postmaster is None:
            return
        with suppress(psutil.NoSuchProcess):
            kill_postmaster(postmaster)

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Run the web server, which is never killed; yields its address."""
        server = self.start("serve", "--port", "0", "--json")
        try:
            until = time.monotonic() + START_WITHIN_S
            while not (answer := server.printed()):
                if not server.running or time.monotonic() > until:
                    raise RuntimeError(f"findalike serve did not start; see {self.home}/logs")
                time.sleep(0.1)
            yield str(answer["address"]).rstrip("/")
        finally:
            server.stop()


def outcome(run: Command) -> tuple[int, dict[str, Any]]:
    """Wait for a run; return its exit code and its report, which is empty if it printed none."""
    code = run.wait(LONGEST_RUN_S)
    if code is None:
        run.kill()
        raise RuntimeError(f"A run did not end within {LONGEST_RUN_S:.0f} s.")
    return code, run.printed()
