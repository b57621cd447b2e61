"""Renditions are written whole, once, and only inside the store."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from search.pictures.rendition_store import PictureStore

SHA = "ab" + "0" * 62


def test_put_writes_a_bounded_jpeg(tmp_path: Path) -> None:
    store, original = PictureStore(tmp_path), Image.new("RGB", (1200, 600), "teal")

    store.put(SHA, original)

    found = store.path(SHA)
    assert found is not None
    assert found.is_relative_to(tmp_path / "pictures")
    with Image.open(found) as rendition:
        assert (rendition.format, rendition.size) == ("JPEG", (480, 240))
    assert original.size == (1200, 600)


def test_small_pictures_keep_their_size(tmp_path: Path) -> None:
    store = PictureStore(tmp_path)
    store.put(SHA, Image.new("RGB", (100, 80)))

    found = store.path(SHA)
    assert found is not None
    with Image.open(found) as rendition:
        assert rendition.size == (100, 80)


def test_put_skips_what_is_there(tmp_path: Path) -> None:
    store = PictureStore(tmp_path)
    store.put(SHA, Image.new("RGB", (100, 80), "red"))
    found = store.path(SHA)
    assert found is not None
    before = found.stat().st_ino

    store.put(SHA, Image.new("RGB", (100, 80), "blue"))

    assert found.stat().st_ino == before


def test_many_writers_of_one_picture(tmp_path: Path) -> None:
    store, image = PictureStore(tmp_path), Image.new("RGB", (640, 640), "olive")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: store.put(SHA, image), range(24)))

    assert [path.name for path in (tmp_path / "pictures").rglob("*.*")] == [f"{SHA}.jpg"]


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    class Broken(Image.Image):
        size = (900, 900)

        def resize(self, *_: object, **__: object) -> Image.Image:
            return Image.new("RGB", (70_000, 8))  # JPEG holds at most 65,535 pixels a side

    store = PictureStore(tmp_path)
    with pytest.raises(Exception, match=r"."):
        store.put(SHA, Broken())

    assert store.path(SHA) is None
    assert not list((tmp_path / "pictures").rglob("*.*"))


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "AB" + "0" * 62, "0" * 63, SHA + "\n"])
def test_only_digests_name_pictures(tmp_path: Path, name: str) -> None:
    store = PictureStore(tmp_path)

    assert store.path(name) is None
    with pytest.raises(ValueError, match="SHA-256"):
        store.put(name, Image.new("RGB", (10, 10)))


def test_a_disk_that_fills_up_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    """The kernel writes only a part; the limit ends with the process that set it."""
    crowded = f"""
import resource
from pathlib import Path
from PIL import Image
from search.pictures.rendition_store import PictureStore
resource.setrlimit(resource.RLIMIT_FSIZE, (512, 512))
noise = Image.effect_noise((300, 300), 90).convert("RGB")
try:
    PictureStore(Path({str(tmp_path)!r})).put({SHA!r}, noise)
except OSError as error:
    print("refused")
"""
    done = subprocess.run(
        [sys.executable, "-c", crowded], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "refused\n"
    assert not list((tmp_path / "pictures").rglob("*.*"))
