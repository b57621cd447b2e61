"""What FINDALIKE_HOME takes of its disk, and what is left there."""

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class DiskUse:
    """Bytes below FINDALIKE_HOME by its folders, and what is left on that disk."""

    used_bytes: dict[str, int]
    free_bytes: int


def disk_use(root: Path) -> DiskUse:
    """Measure the folders of FINDALIKE_HOME; what vanishes meanwhile counts nothing.

    Looks at every file, which takes a while with millions of pictures.
    """
    folders = sorted(path for path in root.iterdir() if path.is_dir()) if root.is_dir() else []
    used = {folder.name: sum(_file_sizes(folder)) for folder in folders}
    return DiskUse(used, free_bytes(root))


def free_bytes(root: Path) -> int:
    """Return what is left on the disk that a folder is on, or would be."""
    return shutil.disk_usage(nearest(root)).free


def nearest(root: Path) -> Path:
    """Return a folder, or the first above it that exists."""
    return next(path for path in [root, *root.parents] if path.exists())


def _file_sizes(folder: Path) -> Iterator[int]:
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                yield (Path(place) / name).lstat().st_size
