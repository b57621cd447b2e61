"""A value that is costly to read, kept for a while for all threads of a process."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Kept(Generic[T]):
    """Reads a value when it is asked for and the last one is too old; one thread reads at a time.

    Args:
        read: Returns the value; what it raises reaches whoever asked, and nothing is kept.
        for_s: Seconds that a value is good for.
    """

    def __init__(self, read: Callable[[], T], for_s: float) -> None:
        self._read, self._for_s = read, for_s
        self._found: tuple[float, T] | None = None  # monotonic seconds when it was read
        self._reading = threading.Lock()

    def get(self) -> T:
        """Return the value, at most so many seconds old."""
        with self._reading:
            if self._found is None or time.monotonic() - self._found[0] >= self._for_s:
                self._found = (time.monotonic(), self._read())
            return self._found[1]

    def forget(self) -> None:
        """Read anew when it is asked for next."""
        with self._reading:
            self._found = None
