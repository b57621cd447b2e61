"""Keeps memory that is freed, so that the next forward pass does not have to ask for it again.

glibc gives large blocks back to the kernel at once, and gets them back as pages that are zeroed
one by one at their first use. Feature maps are large, come and go with every layer, and would
spend up to half of a forward pass on that.
"""

import ctypes
from contextlib import suppress

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # parameters of mallopt(3)
_KEPT_BYTES = 2**30


def keep_freed_memory() -> None:
    """Let this process keep up to a gigabyte of freed memory; nothing where there is no glibc.

    Call it before threads are started: an arena that a thread has, it keeps.
    """
    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        libc.mallopt(_TRIM_THRESHOLD, _KEPT_BYTES)
        libc.mallopt(_MMAP_THRESHOLD, _KEPT_BYTES)
        libc.mallopt(_ARENA_MAX, 1)  # threads' own arenas give back whatever they can
