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
class ComparedRows:
    """Rows that the catalogue is compared with, and that a delta takes vectors from."""

    columns: Columns
    vectors: HalfVectors
    patches: Patches
    changed_from: int  # pictures written in this transaction or later may show something else

    def by_product(self, product_ids: Ids) -> dict[int, list[int]]:
        """Return the numbers of the rows of some products, by product, in their order."""
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
    rows: ComparedRows

    @classmethod
    def open(cls, directory: Path, generation_id: int) -> "BaseGeneration":
        """Map a generation's rows.

        Raises:
            DamagedGeneration: its files can't be read.
        """
        manifest = read_manifest(directory)
        vectors, patches = map_vectors(directory, manifest), map_patches(directory, manifest)
        columns = load_columns(directory / COLUMNS)
        return cls(
            generation_id,
            manifest,
            ComparedRows(columns, vectors, patches, manifest.changed_from),
        )


class PictureVectors:
    """Vectors and local features of pictures, each taken from where it is stored."""

    def __init__(self, base: ComparedRows) -> None:
        self._base = base
        self._stored: dict[int, tuple[ComparedRows | Gathered, int]] = {}

    def take_from_row(self, image: int, rows: ComparedRows, row: int) -> None:
        """Take a picture's vector from a row; it shows what it showed then."""
        self._stored[image] = rows, row

    def take_from_shards(self, images: Sequence[int], gathered: Gathered) -> None:
        """Take the vectors of pictures from what was read of shards, in their order."""
        for row, image in enumerate(images):
            self._stored[image] = gathered, row

    def vector(self, image: int) -> HalfVectors:
        """Return (d,) float16 of one picture."""
        rows, row = self._stored[image]
        vector: HalfVectors = rows.vectors[row]
        return vector

    def vectors(self, images: Sequence[int]) -> HalfVectors:
        """Return (m, d) float16 of some pictures."""
        taken = np.empty((len(images), *self._base.vectors.shape[1:]), np.float16)
        for i, image in enumerate(images):
            taken[i] = self.vector(image)
        return taken

    def patches(self, images: Sequence[int]) -> Patches:
        """Return (m, cells, p) int8 of some pictures."""
        taken = np.empty((len(images), *self._base.patches.shape[1:]), np.int8)
        if not taken.shape[1]:  # a model without local features
            return taken
        for i, image in enumerate(images):
            rows, row = self._stored[image]
            taken[i] = rows.patches[row]
        return taken
