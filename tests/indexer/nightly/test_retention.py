"""Upkeep removes what nothing refers to, and nothing else."""

from pathlib import Path

from sqlalchemy import Engine

from indexer.nightly.retention import prune_thumbnails
from search.database.connection import session_scope
from search.pictures.rendition_store import PictureStore
from search.pictures.thumbnails import ThumbnailStore
from tests.support.factories import make_image, make_picture, make_product

KNOWN, GONE, ALSO_GONE = ("ab" + "0" * 62, "ab" + "1" * 62, "cd" + "2" * 62)


def test_thumbnails_of_gone_pictures_are_removed(database: Engine, tmp_path: Path) -> None:
    store = ThumbnailStore(tmp_path)
    for sha256 in (KNOWN, GONE, ALSO_GONE):
        PictureStore(tmp_path).put(sha256, make_picture())
    made = {sha256: store.path(sha256, 96) for sha256 in (KNOWN, GONE, ALSO_GONE)}
    with session_scope(database) as session:
        make_image(session, make_product(session), sha256=KNOWN)

    assert prune_thumbnails(database, store) == 2

    left = {path for names in store.folders() for path in names}
    assert left == {made[KNOWN]}
    assert prune_thumbnails(database, store) == 0
