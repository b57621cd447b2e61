"""A delta: what changed since a generation was built, laid over it until the next build.

A delta is a directory below `deltas/`, written once and never changed. `vectors.f16`, `patches.i8`
and `columns.arrow` hold the rows of new and changed products as a generation's files do.
`dead.i64` names the products whose rows in the generation are dead. `manifest.json` holds the
checksums. A delta is small, so all of it is read into memory and verified before it is searched.
The table `delta` says which delta lies over which generation. This module reads and verifies;
`indexer.delta.delta_writer` writes.
"""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from search.errors import DamagedGeneration
from search.index.generation_files import COLUMNS, PATCHES, VECTORS, Generation
from search.index.manifest_files import MANIFEST, FileEntry, SealedManifest, read_sealed
from search.index.overlay import Overlay, StackedRows, disown, joined
from search.index.product_columns import Columns, read_columns
from search.index.vector_index import ExactIndex
from search.results import HalfVectors, Ids, Patches

DEAD = "dead.i64"
DELTA_FILES = frozenset({VECTORS, PATCHES, COLUMNS, DEAD})
FORMAT = 1
UNIT_TOLERANCE = 0.01
"""How far a stored vector's product with itself may be from 1, because float16 rounds."""


class DeltaManifest(SealedManifest):
    """What a delta holds, and what it may lack."""

    generation: str  # name of the generation that it was made for
    model_tag: str
    dim: int
    patch_dim: int
    cells: int  # of a picture; 0 where the model has no local features
    vectors: int
    products: int  # with a row here
    dead: int  # products whose rows in the generation are dead
    waiting: int  # changed products for which it had no room
    signature: str  # changes when its contents change
    changed_from: (
        int  # transactions from this one on may be missing, see `search.database.models.base`
    )
    files: dict[str, FileEntry]


@dataclass(frozen=True, slots=True)
class Delta:
    """A loaded delta."""

    manifest: DeltaManifest
    columns: Columns  # of its m rows
    vectors: HalfVectors  # (m, d) float16
    patches: Patches  # (m, cells, p) int8
    dead: Ids  # (x,) product ids, ascending


def load_delta(directory: Path) -> Delta:
    """Read a delta and verify every byte of it.

    Raises:
        DamagedGeneration: a file is missing or was changed, or a vector is not of unit length.
    """
    manifest = read_sealed(directory, DeltaManifest, DELTA_FILES, FORMAT, _damaged)
    files = {name: _read(directory, name, entry) for name, entry in manifest.files.items()}
    m, cells = manifest.vectors, manifest.cells
    try:
        columns = read_columns(pa.BufferReader(files[COLUMNS]))
        vectors = np.frombuffer(files[VECTORS], np.float16).reshape(m, manifest.dim)
        shape = (m, cells, manifest.patch_dim)
        patches = np.frombuffer(files[PATCHES], np.int8).reshape(shape)
        dead = np.frombuffer(files[DEAD], np.int64)
    except (ValueError, pa.ArrowException, UnicodeDecodeError) as error:
        raise _damaged(directory, COLUMNS, "can't be read") from error
    if len(columns) != m or len(dead) != manifest.dead:
        raise _damaged(directory, COLUMNS, "holds another number of rows than the manifest")
    _check_unit(directory, vectors)
    return Delta(manifest, columns, vectors, patches, dead)


def _read(directory: Path, name: str, expected: FileEntry) -> bytes:
    try:
        content = (directory / name).read_bytes()
    except OSError as error:
        raise _damaged(directory, name, "is missing or not readable") from error
    if hashlib.sha256(content).hexdigest() != expected.sha256:
        raise _damaged(directory, name, "is not what its checksum says")
    return content


def _check_unit(directory: Path, vectors: HalfVectors) -> None:
    """Refuse vectors of another length: they would be found for everything, or for nothing."""
    own = np.einsum("ij,ij->i", vectors, vectors, dtype=np.float32)
    wrong = np.flatnonzero(~(np.abs(own - 1) <= UNIT_TOLERANCE))  # NaN is wrong too
    if len(wrong):
        raise _damaged(directory, VECTORS, f"holds no vector of unit length in row {wrong[0]}")


def lay_over(generation: Generation, delta: Delta) -> Generation:
    """Return a generation with a delta's rows added and its dead products taken out.

    Args:
        generation: As it was built, without a delta.
        delta: Made for this generation.

    Raises:
        DamagedGeneration: the delta was made for another generation or model.
    """
    own, made_for = generation.manifest, delta.manifest
    patches = (made_for.cells, made_for.patch_dim) if made_for.vectors else None
    if (made_for.generation, made_for.model_tag, made_for.dim) != (
        own.name,
        own.model_tag,
        own.dim,
    ) or patches not in (None, generation.patches.shape[1:]):
        raise _damaged(Path(made_for.name), MANIFEST, f"does not belong to generation {own.name}")
    gone = np.isin(generation.columns.product_id, delta.dead)
    living = ~gone if gone.any() else None
    columns = generation.columns if living is None else disown(generation.columns, gone)
    if not len(delta.columns):
        return replace(generation, columns=columns, overlay=Overlay(living, None))
    return replace(
        generation,
        columns=joined(columns, delta.columns),
        vectors=StackedRows(generation.vectors, delta.vectors),
        patches=StackedRows(generation.patches, delta.patches),
        overlay=Overlay(living, ExactIndex(delta.vectors, unpacked=True)),
    )


def _damaged(directory: Path, name: str, what: str) -> DamagedGeneration:
    return DamagedGeneration(
        f"{name} of delta {directory.name} {what}. Searches go on without it; `findalike watch` "
        "writes another."
    )
