"""Old files that nothing refers to are removed; newer ones stay, as a reference may follow."""

import os
import time
from pathlib import Path

import pytest

from search.files.file_pruning import UNNAMED_FOR_S, old_files, prune_unnamed


def write_aged(path: Path, *, written_s: float, read_s: float = 1e6) -> None:
    path.write_bytes(b"x")
    now = time.time()
    os.utime(path, (now - read_s, now - written_s))


def test_files_are_old_by_their_last_writing_or_as_asked(tmp_path: Path) -> None:
    old, young, read = (tmp_path / name for name in ("old", "young", "read"))
    write_aged(old, written_s=60)
    write_aged(young, written_s=40)
    write_aged(read, written_s=60, read_s=40)
    gone = tmp_path / "gone"
    every = [old, young, read, gone]

    assert list(old_files(every, 50)) == [old, read]
    assert list(old_files(every, 50, last_used=lambda s: max(s.st_atime, s.st_mtime))) == [old]


def test_unnamed_files_are_removed_temporary_ones_too(tmp_path: Path) -> None:
    for name in ("named", "nameless", ".half.tmp"):
        write_aged(tmp_path / name, written_s=UNNAMED_FOR_S + 60)
    write_aged(tmp_path / "young", written_s=UNNAMED_FOR_S - 60)

    assert prune_unnamed(tmp_path, lambda: {"named"}) == 2
    assert {path.name for path in tmp_path.iterdir()} == {"named", "young"}
    assert prune_unnamed(tmp_path / "nowhere", set) == 0


def test_a_file_named_while_files_are_listed_stays(tmp_path: Path) -> None:
    (tmp_path / "photo").touch()

    assert prune_unnamed(tmp_path, lambda: {"photo"}, older_than_s=-1) == 0
    assert prune_unnamed(tmp_path, set, older_than_s=-1) == 1


def test_names_are_not_asked_for_where_nothing_is_old(tmp_path: Path) -> None:
    (tmp_path / "photo").touch()

    assert prune_unnamed(tmp_path, lambda: pytest.fail("a question too many")) == 0
