"""Pictures that came with a product that somebody sent, kept below `<root>/sent`.

Each is stored as it came, under the hash of its content, so that one that is sent again is the same
picture to all who look at it. Refuses what is no picture that can be used. What no product names
any more, and what came with a change that was refused, `prune` removes.
"""

import hashlib
import os
import time
from collections.abc import Callable, Collection
from pathlib import Path, PurePath

import sqlalchemy
from sqlalchemy import func, select

from search.database.connection import session_scope
from search.database.models import ProductChange, ProductImage
from search.pictures.decoding import Enough, decode_picture
from search.pictures.file_signatures import picture_kind

FOLDER = "sent"
SUFFIXES = {"JPEG": "jpg", "TIFF": "tif", "JPEG 2000": "jp2"}
LOOKED_AT = Enough(256, 256)
"""Enough to find out whether a picture can be decoded."""
UNNAMED_FOR_S = 3600.0
"""A file younger than this may be about to be named."""


class SentPictures:
    """The pictures below `<root>/sent`. Safe to share between threads and processes."""

    def __init__(self, root: Path) -> None:
        self._folder = root / FOLDER

    def keep(self, content: bytes, *, max_pixels: int) -> Path:
        """Bring a picture to the disk and return where it is.

        Args:
            content: The file's bytes; nothing about them is trusted.
            max_pixels: A picture with more is refused.

        Raises:
            UnusablePicture: it can't be decoded; says why.
            OSError: the disk refuses.
        """
        decode_picture(content, max_pixels=max_pixels, enough=LOOKED_AT)
        kind = picture_kind(content) or "picture"
        name = f"{hashlib.sha256(content).hexdigest()}.{SUFFIXES.get(kind, kind.lower())}"
        path = self._folder / name
        try:
            # Younger to `prune`, the same to all who tell by size and time whether it changed.
            os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))
        except FileNotFoundError:
            _write(path, content)
        return path

    def prune(
        self, named: Callable[[], Collection[str]], *, older_than_s: float = UNNAMED_FOR_S
    ) -> int:
        """Remove what has no name any more, half-written files too; return how many.

        Args:
            named: Returns the names of files that are in use; asked after the files are listed,
                so that what is named in between is found named.
            older_than_s: Younger files stay.
        """
        old = [path for path in self._folder.glob("*") if _age_s(path) > older_than_s]
        kept = named() if old else ()
        gone = [path for path in old if path.name not in kept]
        for path in gone:
            path.unlink(missing_ok=True)  # another process may prune as well
        return len(gone)


def prune_sent_pictures(database: sqlalchemy.Engine, root: Path) -> int:
    """Remove the pictures that neither a product nor a waiting change names; return how many."""

    def named() -> set[str]:
        # By their names alone: FINDALIKE_HOME may have moved since.
        with session_scope(database) as session:
            address = func.jsonb_array_elements_text(ProductChange.record["image"])
            waiting = select(address).where(
                ProductChange.state == "waiting", ProductChange.action == "put"
            )
            used = select(ProductImage.address).where(ProductImage.address.contains(f"/{FOLDER}/"))
            return {PurePath(each).name for each in session.scalars(used.union_all(waiting))}

    return SentPictures(root).prune(named)


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all; it is on the disk when this returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{time.monotonic_ns()}.part")
    with draft.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _age_s(path: Path) -> float:
    try:
        found = path.stat()
    except FileNotFoundError:  # another process pruned it first
        return 0.0
    return time.time() - max(found.st_atime, found.st_mtime)
