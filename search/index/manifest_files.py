"""Manifests: what a directory of an index says of itself, proved by checksums.

A generation and a delta each have one, the file `manifest.json`. It names the other files with
their sizes and checksums, and carries a checksum of its own. This module reads and writes
manifests; what they say is defined by `search.index.generation_files` and
`search.index.delta_files`.
"""

import hashlib
from collections.abc import Callable, Collection
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from search.errors import DamagedGeneration

MANIFEST = "manifest.json"


class StoredValue(BaseModel):
    """A value as it is written to a file."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class FileEntry(StoredValue):
    """What a file must be."""

    bytes: int
    sha256: str  # hex


class SealedManifest(StoredValue):
    """What every manifest says. Its checksum depends on the order of all fields but itself."""

    format: int
    name: str
    created_at: datetime
    checksum: str = ""  # sha256 of all the rest, hex; set by `write_manifest`
    if TYPE_CHECKING:  # declared by each kind, at the place where its checksum has it
        files: dict[str, FileEntry]


M = TypeVar("M", bound=SealedManifest)
Damaged = Callable[[Path, str, str], DamagedGeneration]
"""Makes an error of a directory, the name of a file in it, and what is wrong with that file."""


def file_entry(path: Path) -> FileEntry:
    """Return size and checksum of a file."""
    with path.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return FileEntry(bytes=path.stat().st_size, sha256=digest)


def write_manifest(directory: Path, manifest: M) -> M:
    """Write a manifest with its own checksum; return it as written."""
    sealed = manifest.model_copy(update={"checksum": _checksum(manifest)})
    (directory / MANIFEST).write_text(sealed.model_dump_json(indent=2), encoding="utf-8")
    return sealed


def read_sealed(
    directory: Path, kind: type[M], files: Collection[str], known_format: int, damaged: Damaged
) -> M:
    """Read a manifest.

    Args:
        directory: Where it is.
        kind: Of what it is.
        files: The files that it must name.
        known_format: The format that this release reads.
        damaged: Makes the error.

    Raises:
        DamagedGeneration: it is missing, not readable, of another format, or was changed.
    """
    try:
        manifest = kind.model_validate_json((directory / MANIFEST).read_bytes())
    except (OSError, ValidationError) as error:
        raise damaged(directory, MANIFEST, "is missing or not readable") from error
    if manifest.format != known_format:
        raise damaged(directory, MANIFEST, f"has format {manifest.format}, not {known_format}")
    if manifest.checksum != _checksum(manifest) or manifest.files.keys() != set(files):
        raise damaged(directory, MANIFEST, "is not what its checksum says")
    return manifest


def _checksum(manifest: SealedManifest) -> str:
    """Return the sha256 of all that a manifest says but its checksum, hex."""
    rest = manifest.model_dump_json(exclude={"checksum"})
    return hashlib.sha256(rest.encode()).hexdigest()
