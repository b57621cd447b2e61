"""Worker processes on this machine: how many, on which device; started, watched and stopped.

Each is a new interpreter, not a fork. A worker that dies is started again, after a pause that grows
while it keeps dying. Its claims are free by then, see `indexer.pictures.encode_claims`.
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
"""Folder that holds the package, for processes to import the same code."""
PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
STEADY_AFTER_S = 60.0
"""A worker that lived so long is no longer one that keeps dying."""
STOP_WITHIN_S = 120.0
"""Longest wait for batches when workers are stopped: the time of about two batches."""
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
    """Return the environment of one worker process, of so many that share this machine."""
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
class _Slot:
    """A place for one worker, which is started again where it dies."""

    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0  # monotonic seconds
    start_at: float = 0.0  # monotonic seconds, of the next start
    pause_s: float = PAUSE_S


@dataclass(slots=True)
class WorkerGroup:
    """Workers that are kept alive during a `with` block, and finish their batch at its end.

    Args:
        settings: Settings of the workers.
        devices: The device of each process.
        log_file: Where their output goes; None: to this process's standard error.
        queues: The queues that they serve, by short name: fetch, encode, build.
        stop_within_s: Longest wait for their batches at the end; after it they are killed.
    """

    settings: Settings
    devices: Sequence[str]
    log_file: Path | None = None
    queues: Sequence[str] = WORKER_QUEUES
    stop_within_s: float = STOP_WITHIN_S
    deaths: int = 0  # of all workers, since the start
    _slots: list[_Slot] = field(default_factory=list)
    _stopped: threading.Event = field(default_factory=threading.Event)
    _watcher: threading.Thread | None = None
    _output: IO[bytes] | None = None

    def __enter__(self) -> Self:
        if self.log_file is not None:
            self.log_file.parent.mkdir(parents=True, exist_ok=True)
            self._output = self.log_file.open("ab")
        self._slots = [
            _Slot(worker_environment(self.settings, device=device, workers=len(self.devices)))
            for device in self.devices
        ]
        for slot in self._slots:
            self._start(slot)
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
            slot.process.pid
            for slot in self._slots
            if slot.process is not None and slot.process.poll() is None
        ]

    def stop(self) -> None:
        """Let every worker finish its batch; kill them where that takes too long or is interrupted.

        The database undoes the batch of a killed worker, and another worker does it again.
        """
        self._end_watch()
        deadline = time.monotonic() + self.stop_within_s
        try:
            self._signal(signal.SIGTERM)
            for slot in self._slots:
                if slot.process is not None:
                    slot.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            log.warning("workers_killed", after_s=self.stop_within_s, pids=self.pids)
            self.kill()
            for slot in self._slots:
                if slot.process is not None:
                    slot.process.wait()
        except BaseException:
            self.kill()
            raise
        finally:
            if self._output is not None:
                self._output.close()

    def kill(self) -> None:
        """Kill every worker at once. Their claims end with them; only time is lost."""
        self._stopped.set()
        self._signal(signal.SIGKILL)

    def _end_watch(self) -> None:
        self._stopped.set()
        if self._watcher is not None and self._watcher is not threading.current_thread():
            self._watcher.join()

    def _signal(self, number: signal.Signals) -> None:
        for slot in self._slots:
            if slot.process is not None and slot.process.poll() is None:
                slot.process.send_signal(number)

    def _start(self, slot: _Slot) -> None:
        slot.started_at = time.monotonic()
        # A session of its own: Ctrl-C in a terminal reaches the supervisor alone, which then
        # ends its workers in order.
        slot.process = subprocess.Popen(
            [sys.executable, "-m", "indexer.workers.worker_process", ",".join(self.queues)],
            env=slot.environment,
            stdin=subprocess.DEVNULL,
            # Standard output belongs to the supervisor's own report.
            stdout=self._output or STDERR,
            stderr=self._output or STDERR,
            start_new_session=True,
        )

    def _watch(self) -> None:
        """Start workers again that have died."""
        while not self._stopped.wait(0.2):
            for slot in self._slots:
                if slot.process is not None and slot.process.poll() is not None:
                    self._note_death(slot, slot.process)
                elif slot.process is None and time.monotonic() >= slot.start_at:
                    self._start(slot)

    def _note_death(self, slot: _Slot, process: subprocess.Popen[bytes]) -> None:
        lived_s = time.monotonic() - slot.started_at
        if lived_s > STEADY_AFTER_S:
            slot.pause_s = PAUSE_S
        self.deaths += 1
        log.warning("worker_died", pid=process.pid, status=process.returncode, lived_s=lived_s)
        slot.process = None
        slot.start_at = time.monotonic() + slot.pause_s
        slot.pause_s = min(2 * slot.pause_s, LONGEST_PAUSE_S)
