"""Keeps freed memory in the process, for the next forward pass.

glibc returns large blocks to the kernel at once. When it asks for memory again, the kernel zeroes
page after page at their first use. Feature maps are large, and come and go with every layer: up to
half of a forward pass went into that.
"""

import ctypes
from contextlib import suppress

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # parameters of mallopt(3)
_KEPT_BYTES = 2**30


def keep_freed_memory() -> None:
    """Let this process keep up to a gigabyte of freed memory; without glibc, do nothing.

    Call it before threads are started: a thread keeps the arena that it was given.
    """
    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        libc.mallopt(_TRIM_THRESHOLD, _KEPT_BYTES)
        libc.mallopt(_MMAP_THRESHOLD, _KEPT_BYTES)
        libc.mallopt(_ARENA_MAX, 1)  # arenas of threads return what they can
