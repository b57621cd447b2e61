"""Keeps photos of searches that found nothing, where the shopper agreed, as long as their event.

A photo is a small upright JPEG without metadata under a random name, which `search_event.photo`
holds. The file is written before the table names it. `prune_photos` removes files that the table
does not name: those that a crash left in between, and those of deleted events. Names that this
module did not make are refused.
"""

import io
import re
import secrets
from pathlib import Path

import sqlalchemy
from PIL import Image
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from search.database.connection import session_scope
from search.database.models import SearchEvent
from search.errors import UnknownEvent
from search.files.atomic_files import OWNER_ONLY, write_whole
from search.files.file_pruning import prune_unnamed

FOLDER = "asked"
MAX_SIDE_PX = 480
NAME = re.compile(r"[0-9a-f]{32}\.jpg")


class AskedPhotos:
    """The photos below `<root>/asked`."""

    def __init__(self, root: Path) -> None:
        self._folder = root / FOLDER

    def keep(self, photo: Image.Image) -> str:
        """Write a photo, at most 480 px a side. Return its name.

        Args:
            photo: Upright. It is not changed, and its metadata is not written.

        Raises:
            OSError: the disk refuses.
        """
        small = photo.convert("RGB") if photo.mode != "RGB" else photo.copy()
        small.thumbnail((MAX_SIDE_PX, MAX_SIDE_PX), Image.Resampling.LANCZOS)
        small.info = {}  # Pillow would write comments from it
        content = io.BytesIO()
        small.save(content, "JPEG", quality=82, exif=b"")
        name = f"{secrets.token_hex(16)}.jpg"
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(self._folder / name, content.getbuffer(), mode=OWNER_ONLY)
        return name

    def path(self, name: str) -> Path | None:
        """Return the file of a photo, None where there is none or `keep` made no such name."""
        path = self._folder / name
        return path if NAME.fullmatch(name) is not None and path.is_file() else None

    def remove(self, name: str) -> None:
        """Remove a photo, if it is there."""
        path = self.path(name)
        if path is not None:
            path.unlink(missing_ok=True)


def attach_photo(session: Session, event_id: int, name: str) -> bool:
    """Record the photo of a search that found nothing. Return whether it was recorded.

    It is not where the search found something or has a photo already.

    Args:
        session: Open session; the caller commits, and removes the file where this returns False.
        event_id: The search.
        name: From `AskedPhotos.keep`.

    Raises:
        UnknownEvent: there is no such search.
    """
    if session.scalar(select(SearchEvent.id).where(SearchEvent.id == event_id)) is None:
        raise UnknownEvent(event_id)
    named = session.execute(
        update(SearchEvent)
        .where(
            SearchEvent.id == event_id,
            SearchEvent.kind.in_(("photo", "both")),
            SearchEvent.photo.is_(None),
            (SearchEvent.verdict == "nothing") | (SearchEvent.total == 0),
        )
        .values(photo=name)
        .returning(SearchEvent.id)
    )
    return named.one_or_none() is not None


def prune_photos(database: sqlalchemy.Engine, root: Path) -> int:
    """Remove the photos that no event names. Return how many."""

    def named() -> set[str]:
        with session_scope(database) as session:
            names = session.scalars(select(SearchEvent.photo).where(SearchEvent.photo.is_not(None)))
            return {name for name in names if name is not None}

    return prune_unnamed(root / FOLDER, named)
