"""How long the stages of encoding took, added up over threads and pictures."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

STAGES = ("read", "decode", "rendition", "colours", "preprocess", "forward", "wait")
"""`forward` is the model with the copies to its device; `wait` is the model without work."""


class StageTimes:
    """Seconds of wall time per stage; any thread may add to them."""

    def __init__(self) -> None:
        self._seconds = dict.fromkeys(STAGES, 0.0)
        self._lock = threading.Lock()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time that a block takes to one of `STAGES`."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.add(name, time.perf_counter() - started)

    def add(self, name: str, seconds: float) -> None:
        """Add to one of `STAGES`."""
        with self._lock:
            self._seconds[name] += seconds

    def seconds(self) -> dict[str, float]:
        """Return the seconds of every stage so far."""
        with self._lock:
            return dict(self._seconds)
