"""Finds files by their age, and removes those that nothing names any more."""

import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from operator import attrgetter
from pathlib import Path

UNNAMED_FOR_S = 3600.0
"""A file younger than this may be about to be named."""
_last_written: Callable[[os.stat_result], float] = attrgetter("st_mtime")


def old_files(
    paths: Iterable[Path],
    older_than_s: float,
    *,
    last_used: Callable[[os.stat_result], float] = _last_written,
) -> Iterator[Path]:
    """Yield those of some files that are old; those that are gone by now are left out.

    Args:
        paths: The files.
        older_than_s: Seconds since they were last used.
        last_used: Says when that was, in seconds of Unix time; when it was written by default.
    """
    before = time.time() - older_than_s
    for path in paths:
        with suppress(FileNotFoundError):  # another process removed it first
            if last_used(path.stat()) <= before:
                yield path


def prune_unnamed(
    folder: Path,
    named: Callable[[], Collection[str]],
    *,
    older_than_s: float = UNNAMED_FOR_S,
    last_used: Callable[[os.stat_result], float] = _last_written,
) -> int:
    """Remove the files of a folder that have no name any more, temporary ones too.

    Args:
        folder: It need not be there.
        named: Returns the names of files that are in use; asked after the files are listed, so
            that what is named in between is found named.
        older_than_s: Younger files stay.
        last_used: As in `old_files`.

    Returns:
        How many were removed.
    """
    old = list(old_files(folder.glob("*"), older_than_s, last_used=last_used))
    kept = named() if old else ()
    gone = [path for path in old if path.name not in kept]
    for path in gone:
        path.unlink(missing_ok=True)  # another process may prune as well
    return len(gone)
