"""Folders of broken models."""

from pathlib import Path


def broken(folder: Path, tmp_path: Path, name: str, content: bytes | None) -> Path:
    """Return a copy of the model with one file changed or missing."""
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in folder.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    if content is None:
        (copy / name).unlink()
    else:
        (copy / name).write_bytes(content)
    return copy
