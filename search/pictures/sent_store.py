"""Pictures that came with a product that somebody sent, kept below `<root>/sent`.

Each is stored as it came, under the hash of its content, so that one that is sent again is the same
picture to all who look at it. Refuses what is no picture that can be used. What no product names
any more, and what came with a change that was refused, `prune_sent_pictures` removes.
"""

import hashlib
import os
import time
from pathlib import Path, PurePath

import sqlalchemy
from sqlalchemy import func, select

from search.database.connection import session_scope
from search.database.models import ProductChange, ProductImage
from search.files.atomic_files import write_durably
from search.files.file_pruning import prune_unnamed
from search.pictures.decoding import Enough, decode_picture
from search.pictures.file_signatures import picture_kind

FOLDER = "sent"
SUFFIXES = {"JPEG": "jpg", "TIFF": "tif", "JPEG 2000": "jp2"}
LOOKED_AT = Enough(256, 256)
"""Enough to find out whether a picture can be decoded."""


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
            # Younger to pruning, the same to all who tell by size and time whether it changed.
            os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_durably(path, content)
        return path


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

    return prune_unnamed(
        root / FOLDER, named, last_used=lambda found: max(found.st_atime, found.st_mtime)
    )
