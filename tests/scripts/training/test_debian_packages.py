"""Debian packages are read without Debian's tools, and only with the pinned digest."""

import hashlib
import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from scripts.training.pictures.debian_packages import Package


def deb(files: dict[str, bytes]) -> bytes:
    """Make a package as `dpkg-deb` would: an `ar` file around a compressed tar file."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:xz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(f"./{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    members = {"debian-binary": b"2.0\n", "control.tar.xz": b"odd", "data.tar.xz": data.getvalue()}
    made = b"!<arch>\n"
    for name, content in members.items():
        header = f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n"
        made += header.encode() + content + b"\n" * (len(content) % 2)
    return made


def library(files: dict[str, bytes]) -> bytes:
    """Make a furniture library, which is a zip file."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


def pinned(cache: Path, content: bytes) -> Package:
    """Put a package into the cache, as someone without a network would."""
    cache.mkdir(exist_ok=True)
    (cache / "things_1_all.deb").write_bytes(content)
    return Package("things", "t/things/things_1_all.deb", hashlib.sha256(content).hexdigest())


def test_unpacks_files_and_the_libraries_among_them(tmp_path: Path) -> None:
    shelf = library({"catalogue.properties": b"name#1=Chair"})
    package = pinned(tmp_path, deb({"usr/share/a.png": b"a", "usr/share/home.sh3f": shelf}))

    folder = package.unpacked(tmp_path)

    assert (folder / "usr/share/a.png").read_bytes() == b"a"
    assert (folder / "usr/share/home/catalogue.properties").read_bytes() == b"name#1=Chair"
    (tmp_path / "things_1_all.deb").unlink()
    assert package.unpacked(tmp_path) == folder  # unpacked only once


def test_another_file_is_refused(tmp_path: Path) -> None:
    package = pinned(tmp_path, deb({"a": b"a"}))
    (tmp_path / "things_1_all.deb").write_bytes(deb({"a": b"b"}))

    with pytest.raises(ValueError, match="not the pinned things"):
        package.unpacked(tmp_path)
    assert not (tmp_path / "things").exists()


def test_a_package_without_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no data archive"):
        pinned(tmp_path, b"!<arch>\n").unpacked(tmp_path)
