"""A generation: an immutable, self-contained index in a directory.

Its files are `index.faiss`; `vectors.f16` and `patches.i8`, the vectors and local features in the
order of the index; `columns.arrow`, ids and filterable fields; `words.arrow`, the words of the
catalogue; and `manifest.json`, which holds the checksums of all files and its own. This module
reads and verifies; `indexer.building.build_generation` writes.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from search.errors import DamagedGeneration, DimensionMismatch
from search.index.manifest_files import (
    FileEntry,
    SealedManifest,
    StoredValue,
    file_entry,
    read_sealed,
)
from search.index.overlay import Overlay
from search.index.product_columns import Columns, Mask, load_columns
from search.index.vector_index import FaissIndex, read_index
from search.results import Candidates, HalfVectors, Patches, StoredRows, Vector
from search.text.word_counts import CatalogueWords, load_words

INDEX, VECTORS, PATCHES = "index.faiss", "vectors.f16", "patches.i8"
COLUMNS, WORDS = "columns.arrow", "words.arrow"
FILES = frozenset({INDEX, VECTORS, PATCHES, COLUMNS, WORDS})
FORMAT = 1
TEMPORARY = ".building-"
"""How the name of a directory begins while a build still writes it."""


class Latency(StoredValue):
    """Milliseconds of one search without a filter."""

    p50: float
    p95: float


class IndexMeasured(StoredValue):
    """Recall and speed, measured when the generation was built."""

    recall_at_10: float  # rescored candidates against exact search, mean over all queries
    recall_at_10_photo: float  # over queries made from stored pictures
    recall_at_10_text: float  # over product titles
    queries: int
    ann_ms: Latency
    exact_ms: Latency


class Thresholds(StoredValue):
    """Cosines from which on an answer is close or the same, and how well they separate."""

    photo_close: float
    photo_same: float
    text_close: float
    photo_miss: float  # share of things in the catalogue that were taken for absent when fitted
    photo_false_alarm: float  # share of absent things that were taken for close
    text_miss: float
    text_false_alarm: float


class Fit(StoredValue):
    """How well trained parts of an index describe what it holds: `search.index.training_drift`."""

    centroid_error: float  # mean squared distance of a vector to its list's centroid
    code_error: float  # mean squared distance of a vector to what its code says
    imbalance: float  # of the lists' lengths; 1: all lists are equally long


class Training(StoredValue):
    """What the index was trained on: this generation's own vectors, or an earlier one's."""

    trained_in: str  # name of the generation whose vectors it was trained on
    vectors: int  # how many there were
    reused: int  # builds that have reused the training since
    fit_at_training: Fit
    fit: Fit
    drift: float  # growth of the errors since the training, see `search.index.training_drift`
    why: str  # it was trained anew, or reused


class Manifest(SealedManifest):
    """What a generation holds, how it was built and what it reached."""

    model: str  # the value of FINDALIKE_MODEL that loads this model
    model_tag: str
    dim: int
    patch_dim: int  # length of a cell's descriptor; `patches.i8` is empty where there are none
    vectors: int
    products: int
    signature: str  # changes when the catalogue would give another index
    changed_from: (
        int  # transactions from this one on may be missing, see `search.database.models.base`
    )
    factory: str  # FAISS factory string
    reason: str  # why this index
    nlist: int
    m: int
    nbits: int
    nprobe: int
    candidates: int  # rows that are rescored exactly per query
    left_out: dict[str, int]  # products and pictures that are not indexed, by reason
    files: dict[str, FileEntry]
    measured: IndexMeasured
    training: Training | None = None  # None: exact search, nothing to train
    thresholds: Thresholds | None = None  # None: too few products to fit any


@dataclass(frozen=True, slots=True)
class Generation:
    """A loaded generation and its delta. Read-only, safe to share between threads."""

    id: int
    manifest: Manifest
    columns: Columns
    vectors: StoredRows  # (n, d) float16, memory-mapped
    patches: StoredRows  # (n, cells, p) int8, memory-mapped; no cells where there are none
    index: FaissIndex  # of its own rows, without the delta's
    words: CatalogueWords  # as they were when this was built
    overlay: Overlay | None = None  # the delta that lies over it; None: there is none

    def candidates(self, query: Vector, n: int, keep: Mask | None = None) -> Candidates:
        """Return at most n candidates, best first. Their similarities are approximate.

        Args:
            query: (d,) float32, unit length.
            n: Rows to return; fewer only where the filter keeps fewer.
            keep: (rows,) which rows a filter keeps; None: all.

        Raises:
            DimensionMismatch: the query has another d than the stored vectors.
        """
        self._check(query)
        if self.overlay is not None:
            return self.overlay.candidates(self.index, query, n, keep)
        return self.index.search(query, n, keep)

    def exact(self, query: Vector, n: int, keep: Mask | None = None) -> Candidates:
        """Return the n best rows by exact search. Arguments are those of `candidates`."""
        self._check(query)
        if self.overlay is not None:
            return self.overlay.exact(self.index, query, n, keep)
        return self.index.exact.search(query, n, keep)

    def _check(self, query: Vector) -> None:
        if query.shape != (self.manifest.dim,):
            raise DimensionMismatch(self.manifest.dim, query.shape[-1])


def read_manifest(directory: Path) -> Manifest:
    """Read a generation's manifest.

    Raises:
        DamagedGeneration: it is missing, can't be read or was changed.
    """
    return read_sealed(directory, Manifest, FILES, FORMAT, _damaged)


def verify_files(directory: Path) -> Manifest:
    """Verify every file by its checksum.

    Raises:
        DamagedGeneration: names the first file that differs.
    """
    manifest = read_manifest(directory)
    for name, expected in manifest.files.items():
        try:
            found = file_entry(directory / name)
        except OSError as error:
            raise _damaged(directory, name, "is missing or not readable") from error
        if found != expected:
            raise _damaged(directory, name, "is not what its checksum says")
    return manifest


def check_sizes(directory: Path) -> Manifest:
    """Compare the size of every file with the manifest, without reading the files.

    Raises:
        DamagedGeneration: names the first file that is missing or has another size.
    """
    manifest = read_manifest(directory)
    for name, expected in manifest.files.items():
        path = directory / name
        if not path.is_file() or path.stat().st_size != expected.bytes:
            raise _damaged(directory, name, "is missing or has another size")
    return manifest


def load_generation(directory: Path, generation_id: int) -> Generation:
    """Open a generation for searching. Sizes are checked, checksums are not.

    Raises:
        DamagedGeneration: a file is missing, has another size or can't be read.
    """
    manifest = check_sizes(directory)
    try:
        columns = load_columns(directory / COLUMNS)
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        raise _damaged(directory, COLUMNS, "can't be read") from error
    try:
        words = load_words(directory / WORDS)
    except (OSError, pa.ArrowException, UnicodeDecodeError) as error:
        raise _damaged(directory, WORDS, "can't be read") from error
    try:
        index = read_index(directory / INDEX)
    except RuntimeError as error:
        raise _damaged(directory, INDEX, "can't be read") from error
    vectors = map_vectors(directory, manifest)
    if not len(columns) == index.ntotal == manifest.vectors or index.d != manifest.dim:
        raise _damaged(directory, INDEX, "holds another number of vectors than the manifest")
    searched = FaissIndex(index, vectors, manifest.nprobe)
    patches = map_patches(directory, manifest)
    return Generation(generation_id, manifest, columns, vectors, patches, searched, words)


def map_vectors(directory: Path, manifest: Manifest) -> HalfVectors:
    """Memory-map the vectors of a generation, (n, d) float16.

    Raises:
        DamagedGeneration: the file holds another number of vectors than the manifest says.
    """
    shape = (manifest.vectors, manifest.dim)
    if manifest.files[VECTORS].bytes != 2 * manifest.vectors * manifest.dim:
        raise _damaged(directory, VECTORS, "holds another number of vectors than the manifest")
    # A plain array over the mapping: slices of numpy's memmap class are slow.
    return np.asarray(np.memmap(directory / VECTORS, dtype=np.float16, mode="r", shape=shape))


def map_patches(directory: Path, manifest: Manifest) -> Patches:
    """Memory-map the local features of a generation, (n, cells, p) int8.

    Raises:
        DamagedGeneration: the file holds another number of pictures than the manifest says.
    """
    size, width = manifest.files[PATCHES].bytes, manifest.vectors * manifest.patch_dim
    if size == 0:  # an empty file can't be mapped
        return np.empty((manifest.vectors, 0, manifest.patch_dim), np.int8)
    if size % width:
        raise _damaged(directory, PATCHES, "holds another number of pictures than the manifest")
    shape = (manifest.vectors, size // width, manifest.patch_dim)
    return np.asarray(np.memmap(directory / PATCHES, dtype=np.int8, mode="r", shape=shape))


def _damaged(directory: Path, name: str, what: str) -> DamagedGeneration:
    return DamagedGeneration(
        f"{name} of generation {directory.name} {what}. Run `findalike rollback` to go back to the "
        "generation before, or `findalike build` and `findalike publish` for a new one."
    )
