"""Kept photos of failed searches: small, anonymous, removed with their event, as are orphans."""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from indexer.nightly.retention import forget_old_events
from search.database.connection import session_scope
from search.database.models import SearchEvent
from search.errors import UnknownEvent
from search.files.file_pruning import UNNAMED_FOR_S
from search.traffic.no_result_photos import AskedPhotos, attach_photo, prune_photos
from tests.support.factories import make_picture


def make_event(session: Session, **fields: object) -> int:
    values = {
        "kind": "photo", "filters": {}, "page": 1, "total": 5, "shown": [], "elapsed_ms": 1.0,
        "verdict": "nothing",
    }  # fmt: skip
    event = SearchEvent(**(values | fields))
    session.add(event)
    session.flush()
    return event.id


def age(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


def test_a_photo_is_kept_small_and_without_metadata(tmp_path: Path) -> None:
    photo = make_picture(1, (1600, 800))
    exif = Image.Exif()
    exif[0x010E] = "where I live"
    photo.info = {"comment": b"secret", "exif": exif.tobytes()}

    path = AskedPhotos(tmp_path).path(AskedPhotos(tmp_path).keep(photo))

    assert path is not None
    with Image.open(path) as kept:
        assert kept.size == (480, 240)
        assert (dict(kept.getexif()), "comment" in kept.info) == ({}, False)
    assert path.stat().st_mode & 0o077 == 0
    assert photo.size == (1600, 800)


@pytest.mark.parametrize("name", ["", "../secret_key", "x.jpg", "0" * 32, f"{'0' * 32}.jpg"])
def test_other_names_are_no_photos(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret_key").write_text("x")
    assert AskedPhotos(tmp_path).path(name) is None


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({}, True),
        ({"verdict": None, "total": 0}, True),
        ({"kind": "both"}, True),
        ({"verdict": "close"}, False),
        ({"kind": "text"}, False),
        ({"photo": "another.jpg"}, False),
    ],
)
def test_only_searches_that_found_nothing_take_a_photo(
    session: Session, fields: dict[str, object], named: bool
) -> None:
    event = make_event(session, **fields)
    assert attach_photo(session, event, "a.jpg") is named
    with pytest.raises(UnknownEvent):
        attach_photo(session, event + 1, "a.jpg")


def test_what_no_event_names_is_removed(database: Engine, tmp_path: Path) -> None:
    photos = AskedPhotos(tmp_path)
    names = [photos.keep(make_picture(i)) for i in range(3)]
    folder = tmp_path / "asked"
    (folder / f"{'0' * 32}.jpg.part").write_bytes(b"half")
    for path in folder.iterdir():
        age(path, UNNAMED_FOR_S + 60)
    age(folder / names[2], 0)  # just written, not named yet
    with session_scope(database) as session:
        make_event(session, photo=names[0])

    assert prune_photos(database, tmp_path) == 2
    assert {path.name for path in folder.iterdir()} == {names[0], names[2]}
    assert prune_photos(database, tmp_path / "nowhere") == 0


def test_photos_go_with_their_events(database: Engine, tmp_path: Path) -> None:
    photos = AskedPhotos(tmp_path)
    old, young = (photos.keep(make_picture(i)) for i in range(2))
    with session_scope(database) as session:
        for name, days in ((old, 100), (young, 10)):
            then = datetime.now(UTC) - timedelta(days=days)
            make_event(session, photo=name, created_at=then)
            age(tmp_path / "asked" / name, days * 86_400)

    assert forget_old_events(database, tmp_path, older_than_days=90) == 1
    assert (photos.path(old), photos.path(young) is None) == (None, False)
