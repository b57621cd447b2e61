"""Files that appear complete or not at all.

Readers of a path see what was there before or all that is new, whatever becomes of the writer: it
may be killed, or the disk may be full. What a killed writer leaves has a name of its own that ends
in `TEMPORARY`. Two writers of one path do not disturb each other. Folders are the caller's to make.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

TEMPORARY = ".tmp"
"""Suffix of what is being written; its name begins with a dot and is nobody else's."""
OWNER_ONLY = 0o600
"""Mode of a file that holds what is private."""
_ALL_MAY = 0o666  # as `open` asks for; the umask takes from it


def write_whole(path: Path, content: bytes | memoryview, *, mode: int = _ALL_MAY) -> None:
    """Write a file that can be made anew: a power cut may take it. The later of two writers wins.

    Args:
        path: Where to; what is there is replaced.
        content: All of it.
        mode: Permissions, less what the umask takes.

    Raises:
        OSError: the disk refuses, full for example; nothing new is left under any name.
    """
    with _written(path, content, mode, durable=False) as temporary:
        temporary.rename(path)


def write_durably(path: Path, content: bytes | memoryview) -> None:
    """Write a file that outlasts a power cut; otherwise as `write_whole`."""
    with _written(path, content, _ALL_MAY, durable=True) as temporary:
        temporary.rename(path)
    _sync(path.parent)


def create_durably(path: Path, content: bytes, *, mode: int) -> None:
    """Write a file that is not there yet and outlasts a power cut. The first of two writers wins.

    Args:
        path: Where to.
        content: All of it.
        mode: Permissions, less what the umask takes.

    Raises:
        FileExistsError: the file is there; it stays as it is.
        OSError: the disk refuses; nothing is left under any name.
    """
    with _written(path, content, mode, durable=True) as temporary:
        path.hardlink_to(temporary)  # a rename would replace what another writer put there
    _sync(path.parent)


def make_durable(directory: Path) -> None:
    """Bring a directory and the files in it to the disk.

    Raises:
        OSError: the disk refuses.
    """
    for path in (*(p for p in directory.iterdir() if p.is_file()), directory):
        _sync(path)


@contextmanager
def _written(
    path: Path, content: bytes | memoryview, mode: int, *, durable: bool
) -> Iterator[Path]:
    """Write a file under a temporary name and give it to the block, which puts it into place."""
    temporary = path.with_name(f".{path.name}.{uuid4().hex}{TEMPORARY}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(content)
            if durable:
                opened.flush()
                os.fsync(opened.fileno())
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    """Bring one file, or the names in one directory, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
