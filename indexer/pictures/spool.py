"""The spool: fetched pictures that wait to be encoded, as files named by the hash of their content.

A file is a copy of what a host has, so losing one costs a request and nothing else. A file that is
missing or damaged is fetched again.
"""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from search.files.atomic_files import write_durably
from search.files.file_pruning import old_files

FOLDER = "fetched"


class Spool:
    """Files `fetched/<first two digits>/<sha256>` below FINDALIKE_HOME.

    Args:
        root: FINDALIKE_HOME, shared by all workers.
    """

    def __init__(self, root: Path) -> None:
        self.root = root / FOLDER

    def write(self, content: bytes) -> str:
        """Keep a picture; return its sha256, in hex.

        Raises:
            OSError: the disk refuses, full for example; nothing is left.
        """
        sha256 = hashlib.sha256(content).hexdigest()
        path = self._path(sha256)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_durably(path, content)
        return sha256

    def read(self, sha256: str) -> bytes | None:
        """Return a picture; None where its file is missing or damaged."""
        try:
            content = self._path(sha256).read_bytes()
        except OSError:
            return None
        return content if hashlib.sha256(content).hexdigest() == sha256 else None

    def remove(self, sha256s: Iterable[str]) -> None:
        """Remove pictures that are not waited for any more."""
        for sha256 in sha256s:
            self._path(sha256).unlink(missing_ok=True)

    def stale_files(self, *, older_than_s: float) -> Iterator[Path]:
        """Return files, temporary ones too, last written over `older_than_s` ago."""
        return old_files(sorted(self.root.glob("??/*")), older_than_s)

    def _path(self, sha256: str) -> Path:
        return self.root / sha256[:2] / sha256
