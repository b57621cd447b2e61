"""The embedding store: immutable shard files of unit vectors, keyed by picture content.

A shard is one safetensors file below `embeddings/<model_tag>/`. It holds `vectors` (n, d) float16,
`patches` (n, cells, p) int8 with the local features, and `sha256` (n, 32) uint8, the picture
content of each row. Its metadata holds the model tag and a checksum. The table `embedding` says
which row holds whose embedding. This module keeps no state of its own. It never changes a file
that has its name, and never returns a vector from a file whose checksum fails.
"""

import hashlib
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote
from uuid import uuid4

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from search.errors import DamagedShard, DimensionMismatch
from search.files.atomic_files import write_durably
from search.files.file_pruning import old_files
from search.results import Embeddings, HalfVectors, Ids, Patches

Digests = npt.NDArray[np.uint8]
"""(n, 32) uint8, the sha256 of each row's picture."""


class Shard(NamedTuple):
    """The rows of one file."""

    vectors: HalfVectors  # (n, d) float16
    patches: Patches  # (n, cells, p) int8; no cells where the model has no local features
    digests: Digests


class Gathered(NamedTuple):
    """Rows of many shards, in the order of the request."""

    vectors: HalfVectors  # (n, d) float16
    patches: Patches  # (n, cells, p) int8


SUFFIX = ".safetensors"


class EmbeddingStore:
    """The shards below one directory.

    Args:
        root: `FINDALIKE_HOME`. Its folder `embeddings` is made when the first shard is written.
    """

    def __init__(self, root: Path) -> None:
        self.root = root / "embeddings"

    def write(
        self,
        model_tag: str,
        sha256s: Sequence[str],
        vectors: Embeddings,
        patches: Patches | None = None,
    ) -> str:
        """Write one shard under a temporary name, flush it to the disk, and rename it.

        Args:
            model_tag: The model that made the vectors.
            sha256s: n hex digests of picture contents; row i belongs to sha256s[i].
            vectors: (n, d) float32, unit length.
            patches: (n, cells, p) int8; None where the model has no local features.

        Returns:
            The shard's file name, new and unique.

        Raises:
            DimensionMismatch: there is not one digest for each row.
            OSError: the disk refuses, for example because it is full. No shard is left behind.
        """
        if patches is None:
            patches = np.empty((len(vectors), 0, 0), np.int8)
        if vectors.ndim != 2 or not len(vectors) == len(patches) == len(sha256s):
            raise DimensionMismatch(len(sha256s), len(vectors))
        half = np.ascontiguousarray(vectors, dtype=np.float16)
        digests = np.frombuffer(bytes.fromhex("".join(sha256s)), np.uint8).reshape(-1, 32)
        metadata = {"model_tag": model_tag, "checksum": checksum_of(half, patches, digests)}
        tensors: dict[str, npt.NDArray[Any]] = {
            "vectors": half,
            "patches": np.ascontiguousarray(patches),
            "sha256": digests,
        }
        content = save(tensors, metadata=metadata)
        name = f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{uuid4().hex}{SUFFIX}"
        directory = self._directory(model_tag)
        directory.mkdir(parents=True, exist_ok=True)
        write_durably(directory / name, content)
        return name

    def read(self, model_tag: str, shard: str) -> Shard:
        """Return the verified contents of a shard.

        Raises:
            DamagedShard: the file is missing, unreadable, of another model, or was changed.
        """
        path = self._directory(model_tag) / shard
        try:
            with safe_open(path, framework="numpy") as opened:
                metadata: Mapping[str, str] = opened.metadata() or {}
                vectors = opened.get_tensor("vectors")
                patches = opened.get_tensor("patches")
                digests = opened.get_tensor("sha256")
        except (OSError, SafetensorError) as error:
            raise _damaged(path, str(error) or type(error).__name__) from error
        if metadata.get("model_tag") != model_tag:
            raise _damaged(path, f"it holds vectors of the model {metadata.get('model_tag')}")
        if metadata.get("checksum") != checksum_of(vectors, patches, digests):
            raise _damaged(path, "its checksum fails")
        return Shard(vectors, patches, digests)

    def gather(self, model_tag: str, shards: Sequence[str], rows: Ids) -> Gathered:
        """Collect rows from many shards. Each file is read and verified once.

        Args:
            model_tag: The model that made the vectors.
            shards: n shard names.
            rows: (n,) int64. The i-th result is row rows[i] of shards[i].

        Returns:
            Vectors and patches in that order; (0, 0) and (0, 0, 0) for no shards.

        Raises:
            DamagedShard: a file is missing or was changed, or has no such row.
            DimensionMismatch: shards of one model differ in d or cells.
        """
        if len(shards) != len(rows):
            raise DimensionMismatch(len(shards), len(rows))
        gathered = Gathered(
            np.empty((len(rows), 0), np.float16), np.empty((len(rows), 0, 0), np.int8)
        )
        names, shard_of = np.unique(np.asarray(shards, dtype=np.str_), return_inverse=True)
        # Sorted once, so that the places of each shard are a slice. A scan per shard is quadratic.
        order = np.argsort(shard_of, kind="stable")
        ends = np.searchsorted(shard_of[order], np.arange(len(names)), side="right")
        for number, name in enumerate(names.tolist()):
            shard = self.read(model_tag, name)
            if number == 0:
                gathered = Gathered(
                    np.empty((len(rows), *shard.vectors.shape[1:]), np.float16),
                    np.empty((len(rows), *shard.patches.shape[1:]), np.int8),
                )
            if shard.vectors.shape[1:] != gathered.vectors.shape[1:]:
                raise DimensionMismatch(gathered.vectors.shape[1], shard.vectors.shape[1])
            if shard.patches.shape[1:] != gathered.patches.shape[1:]:
                raise DimensionMismatch(gathered.patches.shape[1], shard.patches.shape[1])
            places = order[ends[number - 1] if number else 0 : ends[number]]
            wanted = rows[places]
            if wanted.min() < 0 or wanted.max() >= len(shard.vectors):
                path = self._directory(model_tag) / name
                raise _damaged(path, f"it has {len(shard.vectors)} rows, not row {wanted.max()}")
            gathered.vectors[places] = shard.vectors[wanted]
            gathered.patches[places] = shard.patches[wanted]
        return gathered

    def stale_files(self, *, older_than_s: float) -> Iterator[Path]:
        """Yield shards and temporary files that were last written over `older_than_s` ago."""
        for directory in _listed(self.root):
            yield from old_files(_listed(directory), older_than_s)

    def forget(self, model_tag: str) -> None:
        """Remove all shards of a model. No embedding of it may be recorded any more."""
        shutil.rmtree(self._directory(model_tag), ignore_errors=True)

    def _directory(self, model_tag: str) -> Path:
        # A tag is a file name by contract. Quoting keeps any other string inside the store.
        return self.root / (quote(model_tag, safe="@+=,-_.") if model_tag.strip(".") else "%2E")


def checksum_of(*arrays: npt.NDArray[np.generic]) -> str:
    """Return the sha256 over the bytes, types and shapes of all arrays, hex."""
    hashed = hashlib.sha256("".join(f"{array.dtype}{array.shape}" for array in arrays).encode())
    for array in arrays:
        hashed.update(np.ascontiguousarray(array).tobytes())
    return hashed.hexdigest()


def _damaged(path: Path, why: str) -> DamagedShard:
    return DamagedShard(
        f"The embedding shard {path} can't be used: {why}. Restore it from a backup, or run "
        "`findalike encode --repair`, which encodes its pictures again."
    )


def _listed(directory: Path) -> Iterable[Path]:
    """Return the entries of a directory; none where there is no such directory."""
    return sorted(directory.iterdir()) if directory.is_dir() else ()
