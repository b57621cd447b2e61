"""Worker processes on this machine: how many, on which device, started, watched and stopped.

Each is a new interpreter, not a fork. One that dies is started again, after a pause that grows
while it keeps dying. What it had claimed is free again by then, see
`indexer.pictures.encode_claims`.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import structlog

from indexer.encoding.picture_pipeline import decode_threads
from search.jobs.queues import WORKER_QUEUES
from search.settings import Settings

SOURCE = Path(__file__).parents[2]
PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
STEADY_AFTER_S = 60.0
STOP_WITHIN_S = 120.0
"""Longest wait for the batches at work when workers are stopped: two batches, about."""
STDERR = 2
MOST_BY_DEFAULT = 8

log = structlog.get_logger()


def default_processes(settings: Settings) -> int:
    """Return how many workers suit this machine: one per GPU user, else one per two cores."""
    if settings.device.startswith("cuda") or (
        settings.device == "auto" and Path("/dev/nvidia0").exists()
    ):
        return 1
    return max(1, min(MOST_BY_DEFAULT, (os.cpu_count() or 2) // 2))


def worker_environment(settings: Settings, *, device: str, workers: int = 1) -> dict[str, str]:
    """Return the environment of one of so many worker processes that share this machine."""
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith("FINDALIKE_")
    }
    own = {
        "home": settings.root,
        "device": device,
        "decode_threads": decode_threads(settings, workers),
    }
    environment = inherited | settings.model_copy(update=own).as_environment()
    # Set before torch starts: OpenMP reads it once.
    environment.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // workers)))
    paths = [str(SOURCE), environment.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    return environment


@dataclass(slots=True)
class _Place:
    """Where one worker runs, again and again if need be."""

    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0  # monotonic seconds
    start_at: float = 0.0
    pause_s: float = PAUSE_S


@dataclass(slots=True)
class WorkerGroup:
    """Workers that are kept alive while a `with` block runs, and finish their batch at its end.

    Args:
        settings: What the workers work for.
        devices: One per process.
        log_file: Where their output goes; None: to this process's standard error.
        queues: Whose tasks they take, by short name: fetch, encode, build.
        stop_within_s: Longest wait for their batches at the end; then they are killed.
    """

    settings: Settings
    devices: Sequence[str]
    log_file: Path | None = None
    queues: Sequence[str] = WORKER_QUEUES
    stop_within_s: float = STOP_WITHIN_S
    deaths: int = 0  # of all workers, since the start
    _places: list[_Place] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)
    _watcher: threading.Thread | None = None
    _output: IO[bytes] | None = None

    def __enter__(self) -> Self:
        if self.log_file is not None:
            self.log_file.parent.mkdir(parents=True, exist_ok=True)
            self._output = self.log_file.open("ab")
        self._places = [
            _Place(worker_environment(self.settings, device=device, workers=len(self.devices)))
            for device in self.devices
        ]
        for place in self._places:
            self._start(place)
        self._watcher = threading.Thread(target=self._watch, name="worker-watch", daemon=True)
        self._watcher.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def pids(self) -> list[int]:
        """The process ids of the living workers."""
        return [
            place.process.pid
            for place in self._places
            if place.process is not None and place.process.poll() is None
        ]

    def stop(self) -> None:
        """Let every worker finish its batch, and wait for that; interrupted or late, kill them.

        What a killed worker had in hand is undone by its database and done again by another.
        """
        self._end_watch()
        deadline = time.monotonic() + self.stop_within_s
        try:
            self._signal(signal.SIGTERM)
            for place in self._places:
                if place.process is not None:
                    place.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            log.warning("workers_killed", after_s=self.stop_within_s, pids=self.pids)
            self.kill()
            for place in self._places:
                if place.process is not None:
                    place.process.wait()
        except BaseException:
            self.kill()
            raise
        finally:
            if self._output is not None:
                self._output.close()

    def kill(self) -> None:
        """End every worker at once. Their claims free themselves; nothing is lost but time."""
        self._over.set()
        self._signal(signal.SIGKILL)

    def _end_watch(self) -> None:
        self._over.set()
        if self._watcher is not None and self._watcher is not threading.current_thread():
            self._watcher.join()

    def _signal(self, number: signal.Signals) -> None:
        for place in self._places:
            if place.process is not None and place.process.poll() is None:
                place.process.send_signal(number)

    def _start(self, place: _Place) -> None:
        place.started_at = time.monotonic()
        # A session of its own: Ctrl-C in a terminal reaches the supervisor alone, which then
        # ends its workers in order.
        place.process = subprocess.Popen(
            [sys.executable, "-m", "indexer.workers.worker_process", ",".join(self.queues)],
            env=place.environment,
            stdin=subprocess.DEVNULL,
            # Standard output is the supervisor's own, for its report.
            stdout=self._output or STDERR,
            stderr=self._output or STDERR,
            start_new_session=True,
        )

    def _watch(self) -> None:
        """Start again what has died."""
        while not self._over.wait(0.2):
            for place in self._places:
                if place.process is not None and place.process.poll() is not None:
                    self._note_death(place, place.process)
                elif place.process is None and time.monotonic() >= place.start_at:
                    self._start(place)

    def _note_death(self, place: _Place, process: subprocess.Popen[bytes]) -> None:
        lived_s = time.monotonic() - place.started_at
        if lived_s > STEADY_AFTER_S:
            place.pause_s = PAUSE_S
        self.deaths += 1
        log.warning("worker_died", pid=process.pid, status=process.returncode, lived_s=lived_s)
        place.process = None
        place.start_at = time.monotonic() + place.pause_s
        place.pause_s = min(2 * place.pause_s, LONGEST_PAUSE_S)
