"""Photos of searches that found nothing, kept where the shopper agreed, as long as their event.

A photo is a small upright JPEG without metadata under a random name, which `search_event.photo`
holds. The file is written first and named second; what a crash leaves in between, and what belongs
to events that are gone, has no name in the table and is removed by `prune`. Refuses names that it
did not make.
"""

import io
import os
import re
import secrets
import time
from collections.abc import Callable, Collection
from pathlib import Path

import sqlalchemy
from PIL import Image
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from search.database.connection import session_scope
from search.database.models import SearchEvent
from search.errors import UnknownEvent

FOLDER = "asked"
MAX_SIDE_PX = 480
NAME = re.compile(r"[0-9a-f]{32}\.jpg")
UNNAMED_FOR_S = 3600.0
"""A file younger than this may be about to be named."""


class AskedPhotos:
    """The photos below `<root>/asked`."""

    def __init__(self, root: Path) -> None:
        self._folder = root / FOLDER

    def keep(self, photo: Image.Image) -> str:
        """Write a photo, at most 480 px a side; return its name.

        Args:
            photo: Upright; it is not changed. Metadata is left behind.

        Raises:
            OSError: the disk refuses.
        """
        small = photo.convert("RGB") if photo.mode != "RGB" else photo.copy()
        small.thumbnail((MAX_SIDE_PX, MAX_SIDE_PX), Image.Resampling.LANCZOS)
        small.info = {}  # Pillow would write comments from here
        content = io.BytesIO()
        small.save(content, "JPEG", quality=82, exif=b"")
        name = f"{secrets.token_hex(16)}.jpg"
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = self._folder / f"{name}.part"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content.getbuffer())
        draft.rename(self._folder / name)
        return name

    def path(self, name: str) -> Path | None:
        """Return the file of a photo, None where there is none or the name is not one of ours."""
        path = self._folder / name
        return path if NAME.fullmatch(name) is not None and path.is_file() else None

    def remove(self, name: str) -> None:
        """Remove a photo, if it is there."""
        path = self.path(name)
        if path is not None:
            path.unlink(missing_ok=True)

    def prune(
        self, named: Callable[[], Collection[str]], *, older_than_s: float = UNNAMED_FOR_S
    ) -> int:
        """Remove what has no name any more, half-written files too; return how many.

        Args:
            named: Returns the names that events hold; asked after the files are listed, so that
                what is named in between is found named.
            older_than_s: Younger files stay.
        """
        old = [path for path in self._folder.glob("*") if _age_s(path) > older_than_s]
        kept = named() if old else ()
        gone = [path for path in old if path.name not in kept]
        for path in gone:
            path.unlink(missing_ok=True)  # another process may prune as well
        return len(gone)


def attach_photo(session: Session, event_id: int, name: str) -> bool:
    """Name the photo of a search that found nothing; return False where it found something.

    A search that has a photo keeps it, and the answer is False too.

    Args:
        session: Open session; the caller commits, and removes the file where this says no.
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
    """Remove the photos that no event names; return how many."""

    def named() -> set[str]:
        with session_scope(database) as session:
            names = session.scalars(select(SearchEvent.photo).where(SearchEvent.photo.is_not(None)))
            return {name for name in names if name is not None}

    return AskedPhotos(root).prune(named)


def _age_s(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:  # another process pruned it first
        return 0.0
