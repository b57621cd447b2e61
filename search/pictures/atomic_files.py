"""Files that appear complete or not at all, and outlast a power cut."""

import os
from pathlib import Path
from uuid import uuid4

TEMPORARY = ".tmp"
"""Suffix of what is being written; its name begins with a dot and is nobody else's."""


def write_durably(path: Path, content: bytes) -> None:
    """Write a file under a temporary name, then to the disk, then to its own name.

    Two writers of one path don't disturb each other; the later one stays.

    Raises:
        OSError: the disk refuses, full for example; nothing is left under either name.
    """
    temporary = path.with_name(f".{path.name}.{uuid4().hex}{TEMPORARY}")
    try:
        with temporary.open("xb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        temporary.rename(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync(path.parent)


def make_durable(directory: Path) -> None:
    """Bring a directory and the files in it to the disk.

    Raises:
        OSError: the disk refuses.
    """
    for path in (*(p for p in directory.iterdir() if p.is_file()), directory):
        _sync(path)


def _sync(path: Path) -> None:
    """Bring one file, or the names in one directory, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
