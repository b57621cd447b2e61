"""The rows of a live generation and its delta, as another delta is made from them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from search.index.embedding_store import Gathered
from search.index.generation_files import COLUMNS, Manifest, map_patches, map_vectors, read_manifest
from search.index.product_columns import Columns, load_columns
from search.results import HalfVectors, Ids, Patches


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows that a delta is compared with, and that it takes vectors from."""

    columns: Columns
    vectors: HalfVectors
    patches: Patches
    changed_from: int  # pictures written since may show something else

    def rows_of(self, product_ids: Ids) -> dict[int, list[int]]:
        """Return the rows of products, in their order."""
        found: dict[int, list[int]] = {}
        rows = np.flatnonzero(np.isin(self.columns.product_id, product_ids))
        of = self.columns.product_id[rows]
        for row, product in zip(rows.tolist(), of.tolist(), strict=True):
            found.setdefault(product, []).append(row)
        return found


@dataclass(frozen=True, slots=True)
class BaseGeneration:
    """A generation without its index, which is not needed to tell what changed."""

    id: int
    manifest: Manifest
    rows: Rows

    @classmethod
    def open(cls, directory: Path, generation_id: int) -> "BaseGeneration":
        """Map a generation's rows.

        Raises:
            DamagedGeneration: its files can't be read.
        """
        manifest = read_manifest(directory)
        vectors, patches = map_vectors(directory, manifest), map_patches(directory, manifest)
        columns = load_columns(directory / COLUMNS)
        return cls(generation_id, manifest, Rows(columns, vectors, patches, manifest.changed_from))


class Sources:
    """Vectors and local features of pictures, each taken from where it lies."""

    def __init__(self, base: Rows) -> None:
        self._base = base
        self._at: dict[int, tuple[Rows | Gathered, int]] = {}

    def at(self, image: int, place: Rows, row: int) -> None:
        """Note that a picture is as it was in a row."""
        self._at[image] = place, row

    def read(self, images: Sequence[int], gathered: Gathered) -> None:
        """Note pictures that were read from shards, in their order."""
        for row, image in enumerate(images):
            self._at[image] = gathered, row

    def vector(self, image: int) -> HalfVectors:
        """Return (d,) float16 of one picture."""
        place, row = self._at[image]
        vector: HalfVectors = place.vectors[row]
        return vector

    def vectors(self, images: Sequence[int]) -> HalfVectors:
        """Return (m, d) float16 of some pictures."""
        taken = np.empty((len(images), *self._base.vectors.shape[1:]), np.float16)
        for i, image in enumerate(images):
            taken[i] = self.vector(image)
        return taken

    def patches(self, images: Sequence[int]) -> Patches:
        """Return (m, cells, p) int8 of the same."""
        taken = np.empty((len(images), *self._base.patches.shape[1:]), np.int8)
        if not taken.shape[1]:  # a model without local features
            return taken
        for i, image in enumerate(images):
            place, row = self._at[image]
            taken[i] = place.patches[row]
        return taken
