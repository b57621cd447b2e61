"""Shoppers' photos, kept for a day so that results have an address.

A photo is stored as an upright RGB JPEG of bounded size, without metadata, under a random token
that only its owner learns. Names that are no such tokens are refused.
"""

import re
import secrets
import threading
import time
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import structlog
from PIL import Image

from search.errors import UnusableQuery
from search.files.atomic_files import OWNER_ONLY, write_whole

log = structlog.get_logger()

MAX_SIDE_PX = 1024
"""Longest side that is kept: several times what encoders need."""
MAX_AGE_S = 24 * 3600
MAX_COUNT = 5000
"""Photos kept; about a gigabyte."""
PRUNE_EVERY_S = 60.0
TOKEN = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class KeptPhoto:
    """A photo that was just kept."""

    token: str
    jpeg: bytes  # what its file holds

    def decoded(self) -> Image.Image:
        """Return the pixels of the stored file, the same that `UploadStore.load` returns later."""
        return _decoded(BytesIO(self.jpeg))


class UploadStore:
    """Photos below one folder.

    Args:
        root: The folder; made when the first photo comes.
        max_age_s: Older photos are deleted.
        max_count: The oldest beyond this many are deleted.
    """

    def __init__(
        self, root: Path, *, max_age_s: float = MAX_AGE_S, max_count: int = MAX_COUNT
    ) -> None:
        self.root, self.max_age_s, self.max_count = root, max_age_s, max_count
        self._pruned_at = float("-inf")
        self._lock = threading.Lock()

    def save(self, photo: Image.Image) -> KeptPhoto:
        """Keep a photo.

        Args:
            photo: Upright. It is reduced to at most 1024 px a side; metadata is dropped.

        Raises:
            OSError: the disk refuses; nothing is kept.
        """
        kept = photo.convert("RGB") if photo.mode != "RGB" else photo.copy()
        kept.thumbnail((MAX_SIDE_PX, MAX_SIDE_PX), Image.Resampling.LANCZOS)
        kept.info = {}  # Pillow would write comments from here
        content = BytesIO()
        kept.save(content, "JPEG", quality=90, exif=b"")
        token = secrets.token_hex(16)
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(self.root / f"{token}.jpg", content.getbuffer(), mode=OWNER_ONLY)
        self._prune_if_due()
        return KeptPhoto(token, content.getvalue())

    def path(self, token: str) -> Path | None:
        """Return the file of a photo; None where there is none, or where the token is not ours."""
        path = self.root / f"{token}.jpg"
        if TOKEN.fullmatch(token) is None or not path.is_file() or self._is_old(path, time.time()):
            return None
        return path

    def load(self, token: str) -> Image.Image:
        """Return a photo.

        Raises:
            UnusableQuery: it never existed, or is no longer kept.
        """
        path = self.path(token)
        if path is None:
            raise UnusableQuery("This photo is no longer kept. Please choose it again.")
        return _decoded(path)

    def prune(self) -> int:
        """Delete photos that are too old or too many, and half-written ones; return how many."""
        now, deleted = time.time(), 0
        kept: list[tuple[float, Path]] = []
        for path in self.root.glob("*"):
            try:
                if self._is_old(path, now):
                    path.unlink(missing_ok=True)
                    deleted += 1
                elif path.suffix == ".jpg":
                    kept.append((path.stat().st_mtime, path))
            except FileNotFoundError:  # another process pruned it first
                continue
        for _, path in sorted(kept)[: max(len(kept) - self.max_count, 0)]:
            path.unlink(missing_ok=True)
            deleted += 1
        return deleted

    def _is_old(self, path: Path, now: float) -> bool:
        return now - path.stat().st_mtime > self.max_age_s

    def _prune_if_due(self) -> None:
        """Prune at most once a minute, in one thread."""
        with self._lock:
            if time.monotonic() - self._pruned_at < PRUNE_EVERY_S:
                return
            self._pruned_at = time.monotonic()
        deleted = self.prune()
        if deleted:
            log.info("uploads_pruned", deleted=deleted)


def _decoded(source: Path | BytesIO) -> Image.Image:
    with Image.open(source) as photo:
        photo.load()
        return photo.convert("RGB")
