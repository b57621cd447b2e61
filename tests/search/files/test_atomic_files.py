"""A file is complete or absent, for its readers and however its writer ends."""

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from search.files.atomic_files import (
    OWNER_ONLY,
    TEMPORARY,
    create_durably,
    write_durably,
    write_whole,
)

Write = Callable[[Path, bytes], None]
CREATE: Write = partial(create_durably, mode=OWNER_ONLY)


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def no_space(*_: object) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("write", [write_whole, write_durably])
def test_the_later_of_two_writers_wins(tmp_path: Path, write: Write) -> None:
    path = tmp_path / "kept"
    write(path, b"first")
    write(path, b"second")

    assert path.read_bytes() == b"second"
    assert names_in(tmp_path) == ["kept"]


def test_the_first_of_many_creators_wins(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    read = set()

    def create(number: int) -> None:
        with suppress(FileExistsError):
            CREATE(path, b"%d" % number)
        read.add(path.read_bytes())

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(create, range(32)))
    assert read == {path.read_bytes()}
    assert names_in(tmp_path) == ["kept"]


@pytest.mark.parametrize("write", [write_whole, write_durably])
def test_readers_see_all_of_one_writer(tmp_path: Path, write: Write) -> None:
    path = tmp_path / "kept"
    contents = [bytes([n]) * 300_000 for n in range(8)]
    write(path, contents[0])

    with ThreadPoolExecutor(8) as pool:
        jobs = [pool.submit(write, path, content) for content in contents * 4]
        while not all(job.done() for job in jobs):
            assert path.read_bytes() in contents
    for job in jobs:
        job.result()
    assert names_in(tmp_path) == ["kept"]


@pytest.mark.parametrize(
    ("write", "step"),
    [
        (write_whole, "rename"),
        (write_durably, "fsync"),
        (write_durably, "rename"),
        (CREATE, "fsync"),
        (CREATE, "hardlink_to"),
    ],
)
def test_a_full_disk_leaves_what_was_there(
    tmp_path: Path, write: Write, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "kept"
    if write is not CREATE:
        path.write_bytes(b"before")
    before = names_in(tmp_path)

    monkeypatch.setattr(os if step == "fsync" else Path, step, no_space)
    with pytest.raises(OSError, match="No space left"):
        write(path, b"after")

    assert names_in(tmp_path) == before
    assert not before or path.read_bytes() == b"before"


@pytest.mark.parametrize("name", ["write_whole", "write_durably"])
def test_a_killed_writer_leaves_a_name_that_is_recognised(tmp_path: Path, name: str) -> None:
    work = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from search.files import atomic_files\n"
        "Path.rename = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"atomic_files.{name}(Path(sys.argv[1]), b'half')\n"
    )
    killed = subprocess.run(
        [sys.executable, "-c", work, tmp_path / "kept"], check=False, timeout=60
    )

    assert killed.returncode < 0
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".kept.")
    assert left.suffix == TEMPORARY


def test_permissions_are_the_umask_s_or_the_owner_s_alone(tmp_path: Path) -> None:
    plain, private, created = (tmp_path / name for name in ("plain", "private", "created"))
    before = os.umask(0o027)
    try:
        write_whole(plain, b"")
        write_whole(private, b"", mode=OWNER_ONLY)
        CREATE(created, b"")
    finally:
        os.umask(before)

    modes = [stat.S_IMODE(path.stat().st_mode) for path in (plain, private, created)]
    assert modes == [0o640, 0o600, 0o600]


def test_only_what_must_last_waits_for_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = []
    monkeypatch.setattr(os, "fsync", synced.append)

    write_whole(tmp_path / "thumbnail", b"x")
    assert len(synced) == 0
    write_durably(tmp_path / "shard", b"x")
    assert len(synced) == 2, "the file, and its name in the folder"
    CREATE(tmp_path / "key", b"x")
    assert len(synced) == 4
