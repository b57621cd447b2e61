"""Shoppers' photos: bounded, without metadata, kept for a day under unguessable names."""

import os
import stat
import time
from pathlib import Path

import pytest
from PIL import Image

from search.errors import UnusableQuery
from tests.support.factories import make_picture
from web.photos.upload_store import UploadStore


@pytest.fixture
def store(tmp_path: Path) -> UploadStore:
    return UploadStore(tmp_path / "uploads", max_count=3)


def test_a_photo_comes_back_smaller_and_upright(store: UploadStore) -> None:
    kept = store.save(Image.new("RGB", (4000, 2000), "teal"))

    photo = store.load(kept.token)

    assert photo.size == (1024, 512)
    red, green, blue = photo.getpixel((10, 10))
    assert red < 10
    assert abs(green - 128) < 6
    assert abs(blue - 128) < 6


def test_what_is_kept_is_handed_on_without_the_disk(store: UploadStore) -> None:
    kept = store.save(make_picture(3))

    loaded = store.load(kept.token)
    assert loaded.tobytes() != make_picture(3).tobytes(), "a JPEG loses something"
    for path in store.root.iterdir():
        path.unlink()
    assert kept.decoded().tobytes() == loaded.tobytes()


def test_a_full_disk_leaves_nothing(store: UploadStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(OSError, match="No space left"):
        store.save(Image.new("RGB", (8, 8)))

    assert list(store.root.iterdir()) == []


def test_no_metadata_is_kept(store: UploadStore) -> None:
    photo = Image.new("RGB", (64, 64))
    photo.getexif()[0x010F] = "a camera"  # Make
    photo.info["comment"] = b"taken at home"

    path = store.path(store.save(photo).token)

    assert path is not None
    with Image.open(path) as kept:
        assert not kept.getexif()
        assert "comment" not in kept.info
    assert b"camera" not in path.read_bytes()


def test_only_its_owner_can_read_the_file(store: UploadStore) -> None:
    path = store.path(store.save(Image.new("RGB", (8, 8))).token)

    assert path is not None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("token", ["", "x", "../secret_key", "a" * 32, "A" * 32, "0" * 31 + "\n"])
def test_strange_tokens_name_nothing(store: UploadStore, token: str) -> None:
    store.save(Image.new("RGB", (8, 8)))

    assert store.path(token) is None
    with pytest.raises(UnusableQuery, match="no longer kept"):
        store.load(token)


def test_old_photos_are_gone_at_once_and_deleted_later(store: UploadStore) -> None:
    old, new = (store.save(Image.new("RGB", (8, 8))).token for _ in range(2))
    day_ago = time.time() - 24 * 3600 - 1
    path = store.path(old)
    assert path is not None
    os.utime(path, (day_ago, day_ago))

    assert store.path(old) is None
    assert store.prune() == 1
    assert not path.exists()
    assert store.path(new) is not None


def test_the_oldest_make_room(store: UploadStore) -> None:
    tokens = [store.save(Image.new("RGB", (8, 8))).token for _ in range(5)]
    for age, token in enumerate(reversed(tokens)):
        moment = time.time() - age
        os.utime(store.root / f"{token}.jpg", (moment, moment))

    store.prune()

    assert [store.path(token) is not None for token in tokens] == [False, False, True, True, True]


def test_saving_prunes_by_itself(tmp_path: Path) -> None:
    leftover = tmp_path / f".{'0' * 32}.part"
    leftover.touch()
    os.utime(leftover, (0, 0))

    UploadStore(tmp_path).save(Image.new("RGB", (8, 8)))

    assert not leftover.exists()
