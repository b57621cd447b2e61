"""Locks between processes: `flock` on files, which the kernel lets go when a holder dies.

Refuses to arbitrate between threads of one process; use `threading` for that.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

POLL_S = 0.02


class FileLock:
    """One open file that can be locked, shared or exclusively."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._descriptor is not None

    def acquire(self, *, shared: bool = False, timeout_s: float = 0.0) -> bool:
        """Take the lock, waiting up to `timeout_s` seconds; return whether that worked.

        Raises:
            OSError: the file can't be made.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        wanted = (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                fcntl.flock(descriptor, wanted)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    os.close(descriptor)
                    return False
                time.sleep(POLL_S)
            except OSError:
                os.close(descriptor)
                raise
            else:
                self.release()
                self._descriptor = descriptor
                return True

    def release(self) -> None:
        """Let go.

        Closes without unlocking: after a fork, unlocking would take the lock from the other
        process too, which shares the open file.
        """
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


@contextmanager
def exclusive(path: Path, *, timeout_s: float) -> Iterator[bool]:
    """Hold an exclusive lock for a block; yields whether it could be had in time."""
    lock = FileLock(path)
    had = lock.acquire(timeout_s=timeout_s)
    try:
        yield had
    finally:
        lock.release()
