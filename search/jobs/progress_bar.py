"""Progress of long commands: a bar with rate and time left, or plain lines off a terminal.

What is shown can be recorded as well, for those who look from elsewhere: see `recording`.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

LINE_EVERY_S = 5.0
RECORD_EVERY_S = 1.0


class ProgressRecorder(Protocol):
    """Takes down how far work is; called once a second at most, and at the end."""

    def __call__(self, done: int, total: int | None, *, unit: str, step: str | None) -> None:
        """Keep what is done, how much there is if anybody knows, and what is being done."""


_record: ContextVar[ProgressRecorder | None] = ContextVar("record", default=None)


@contextmanager
def recording(record: ProgressRecorder) -> Iterator[None]:
    """Have everything that `track` shows within a block recorded, quiet or not."""
    token = _record.set(record)
    try:
        yield
    finally:
        _record.reset(token)


class RateColumn(ProgressColumn):
    """Things per second, over the last stretch."""

    def render(self, task: Task) -> Text:
        """Return the rate, or dashes before the first step."""
        rate = task.finished_speed or task.speed
        return Text(f"{rate:,.1f}/s" if rate else "–/s", style="progress.data.speed")


class Track:
    """How far one piece of work is. Made by `track`."""

    def __init__(self, label: str, total: int | None, console: Console, unit: str = "") -> None:
        self.label, self.total, self.done, self.unit = label, total, 0, unit
        self._step: str | None = None
        self._record, self._recorded = _record.get(), 0.0
        self._console = console
        self._started = self._printed = time.monotonic()
        self._bar: Progress | None = None
        if console.is_terminal:
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                RateColumn(),
                TimeRemainingColumn(),
                console=console,
            )
            self._task = self._bar.add_task(label, total=total)
            self._bar.start()

    def update(self, done: int, total: int | None = None) -> None:
        """Say how many are done, and how many there are if that changed."""
        self.done, self.total = done, total if total is not None else self.total
        if self._bar is not None:
            self._bar.update(self._task, completed=done, total=self.total)
        elif time.monotonic() - self._printed >= LINE_EVERY_S:
            self._line()
        if time.monotonic() - self._recorded >= RECORD_EVERY_S:
            self._take_down()

    def describe(self, step: str) -> None:
        """Say which step the work is at, where steps can't be counted."""
        if self._bar is not None:
            self._bar.update(self._task, description=f"{self.label}: {step}")
        else:
            self._console.print(f"{self.label}: {step}", highlight=False)
        self._step = step
        self._take_down()

    def _take_down(self) -> None:
        """Tell whoever records."""
        if self._record is not None:
            self._recorded = time.monotonic()
            self._record(self.done, self.total, unit=self.unit, step=self._step)

    def _line(self) -> None:
        """Print one plain line: done, rate, time left."""
        self._printed = time.monotonic()
        if not self.done and self.total is None:
            return
        rate = self.done / max(self._printed - self._started, 1e-9)
        line = f"{self.label}: {self.done:,}"
        if self.total is not None:
            line += f" of {self.total:,}"
        line += f", {rate:,.1f}/s"
        if self.total is not None and rate > 0:
            line += f", {max(self.total - self.done, 0) / rate:,.0f} s left"
        self._console.print(line, highlight=False)

    def close(self) -> None:
        """Leave the last state on the screen."""
        if self._bar is not None:
            self._bar.stop()
        else:
            self._line()
        self._take_down()


@contextmanager
def track(
    label: str, total: int | None = None, *, quiet: bool = False, unit: str = ""
) -> Iterator[Track]:
    """Show progress on standard error until the block ends; `quiet` shows nothing.

    `unit` is what is counted, such as `pictures`, for those who `recording` tells.
    """
    shown = Track(label, total, Console(stderr=True, quiet=quiet), unit)
    try:
        yield shown
    finally:
        shown.close()
