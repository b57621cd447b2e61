"""Makes what was written outlast a power cut."""

import os
from pathlib import Path


def make_durable(directory: Path) -> None:
    """Bring a directory and the files in it to the disk.

    Raises:
        OSError: the disk refuses.
    """
    for path in (*(p for p in directory.iterdir() if p.is_file()), directory):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
