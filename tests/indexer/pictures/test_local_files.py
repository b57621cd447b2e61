"""Pictures are read from disks, which hold other things too."""

import os
from pathlib import Path

import pytest

from indexer.pictures.local_files import read_file
from search.errors import UnusablePicture

BODY = b"\xff\xd8 not judged here"
LARGEST = 200_000


def refusal(address: str) -> UnusablePicture:
    with pytest.raises(UnusablePicture) as caught:
        read_file(address, LARGEST)
    return caught.value


def test_local_file_by_path_and_by_address(tmp_path: Path) -> None:
    file = tmp_path / "grün & blau.jpg"
    file.write_bytes(BODY)

    assert read_file(str(file), LARGEST) == BODY
    assert read_file(file.as_uri(), LARGEST) == BODY


def test_local_refusals(tmp_path: Path) -> None:
    large = tmp_path / "large.jpg"
    large.write_bytes(bytes(LARGEST + 1))
    os.mkfifo(tmp_path / "pipe.jpg")
    for address, reason in (
        (str(tmp_path / "none.jpg"), "missing_file"),
        (str(large / "below-a-file.jpg"), "missing_file"),
        (str(tmp_path), "not_a_file"),
        (str(tmp_path / "pipe.jpg"), "not_a_file"),
        (str(large), "too_large"),
        ("relative.jpg", "bad_address"),
        ("ftp://127.0.0.1/x.jpg", "bad_address"),
        ("http://127.0.0.1/x.jpg", "bad_address"),
        ("/nul\x00.jpg", "bad_address"),
        ("/" + "x" * 5000, "unreadable"),
    ):
        assert refusal(address).reason == reason, address


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_forbidden_file(tmp_path: Path) -> None:
    file = tmp_path / "secret.jpg"
    file.write_bytes(BODY)
    file.chmod(0)

    assert refusal(str(file)).reason == "permission"


def test_forbidden_file_is_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same for tests that run as root."""
    file = tmp_path / "secret.jpg"
    file.write_bytes(BODY)

    def forbid(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", forbid)

    assert refusal(str(file)).reason == "permission"
