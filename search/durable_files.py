"""Files that appear complete or not at all, also across a power cut."""

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
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
