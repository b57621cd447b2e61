"""Milliseconds that the steps of a query took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from search.telemetry.tracing import span


@dataclass(slots=True)
class Stopwatch:
    """Milliseconds by step."""

    timings_ms: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time one step, and trace it."""
        started = time.perf_counter()
        with span(f"search.{name}"):
            yield
        self.timings_ms[name] = (time.perf_counter() - started) * 1000
