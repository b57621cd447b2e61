"""Thumbnails are written once and whole, only in the sizes that pages use."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from search.pictures.rendition_store import PictureStore
from search.pictures.thumbnails import SIDES, ThumbnailStore

SHA = "ab" + "0" * 62


@pytest.fixture
def store(tmp_path: Path) -> ThumbnailStore:
    """Thumbnails of one wide picture."""
    PictureStore(tmp_path).put(SHA, Image.effect_noise((800, 400), 60).convert("RGB"))
    return ThumbnailStore(tmp_path)


@pytest.mark.parametrize("side", SIDES)
def test_a_thumbnail_is_a_bounded_webp(store: ThumbnailStore, tmp_path: Path, side: int) -> None:
    found = store.path(SHA, side)

    assert found == tmp_path / "thumbnails" / "ab" / f"{SHA}-{side}.webp"
    with Image.open(found) as thumbnail:
        assert (thumbnail.format, thumbnail.size) == ("WEBP", (side, side // 2))


def test_it_is_made_once(store: ThumbnailStore) -> None:
    first = store.path(SHA, 96)
    assert first is not None
    first.write_bytes(b"as it was")

    assert store.path(SHA, 96) == first
    assert first.read_bytes() == b"as it was"


def test_many_at_once_leave_one_whole_file(store: ThumbnailStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: store.path(SHA, 240), range(16)))

    assert len(found) == 1
    path = found.pop()
    assert path is not None
    with Image.open(path) as thumbnail:
        thumbnail.load()
    assert [each.name for each in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("sha256", "side"), [(SHA, 95), (SHA, 0), (SHA, -96), ("cd" + "0" * 62, 96), ("../../x", 96)]
)
def test_nothing_else_is_made(
    store: ThumbnailStore, tmp_path: Path, sha256: str, side: int
) -> None:
    assert store.path(sha256, side) is None
    assert not (tmp_path / "thumbnails").exists()


def test_a_damaged_rendition_has_none(store: ThumbnailStore, tmp_path: Path) -> None:
    rendition = PictureStore(tmp_path).path(SHA)
    assert rendition is not None
    for damaged in (rendition.read_bytes()[:900], b"not a picture"):
        rendition.write_bytes(damaged)

        assert store.path(SHA, 96) is None
    assert not list((tmp_path / "thumbnails").rglob("*.*"))


def test_folders_list_what_is_there(store: ThumbnailStore, tmp_path: Path) -> None:
    path = store.path(SHA, 96)
    (tmp_path / "thumbnails" / "ab" / "x.part").write_bytes(b"")

    assert list(store.folders()) == [{path: SHA}]
    assert list(ThumbnailStore(tmp_path / "nowhere").folders()) == []
