"""A generation of synthetic products to measure with, written and loaded by the engine's code."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from indexer.building.recall_measurement import Queries, tune
from search.encoder.local_features import PATCH_DIM, PATCH_GRID, quantised
from search.index.generation_files import (
    COLUMNS,
    FILES,
    FORMAT,
    INDEX,
    PATCHES,
    VECTORS,
    WORDS,
    Generation,
    Manifest,
    load_generation,
)
from search.index.index_planning import plan_index, train_index
from search.index.manifest_files import file_entry, write_manifest
from search.index.product_columns import FIELDS, ColumnRow, write_columns
from search.index.vector_index import write_index
from search.results import Embeddings, HalfVectors, StoredRows
from search.settings import Settings
from search.text.word_counts import WordCount, write_words

DIM = 384
"""Dimensions, as many as the embedded model's."""
SECOND_PICTURES = 8
"""One product in this many has a second picture."""
CATEGORIES, KINDS = 40, 50  # kinds in each category
BRANDS = 400
ATTRIBUTES = {
    "colour": ("black", "white", "red", "green", "blue", "brown", "grey", "yellow"),
    "pattern": ("plain", "striped", "checked", "floral", "dotted"),
    "material": ("leather", "cotton", "wood", "metal", "glass", "wool"),
}
STEP = 0.35
"""Length of the random step from a stored vector to that of a photo of the same thing."""
FAR_STEP = 0.9
"""Length of the random step to the vector of a text, which lies farther away."""
BLOCK = 10_000
SEED = 11


@contextmanager
def open_generation(products: int, kept: Path | None) -> Iterator[Generation]:
    """Open a generation to measure with.

    Args:
        products: Size of the generation.
        kept: Folder that keeps the generation; one that it already holds is used again. None: a
            temporary folder.

    Raises:
        DamagedGeneration: the kept generation can't be read.
    """
    with tempfile.TemporaryDirectory() as temporary:
        folder = (kept or Path(temporary)) / f"{products}-products"
        if folder.exists():
            yield load_generation(folder, 1)
        else:
            yield make_generation(folder, products)


def make_generation(folder: Path, products: int) -> Generation:
    """Write and load a generation of synthetic products.

    Like a model's vectors, these crowd around kinds of things, kinds crowd around categories, and
    the spread differs between dimensions. The index is planned, trained and tuned as in a build.

    Args:
        folder: Created; must not exist.
        products: Number of products; one in eight has a second picture, close to its first.
    """
    dice = np.random.default_rng(SEED)
    category = dice.integers(CATEGORIES, size=products)
    product_of = np.concatenate([np.arange(products), np.arange(0, products, SECOND_PICTURES)])
    folder.mkdir(parents=True)
    vectors = _vectors(dice, category, product_of).astype(np.float16)
    vectors.tofile(folder / VECTORS)
    _write_patches(dice, folder / PATCHES, len(vectors))
    rows = _rows(dice, category, product_of)
    write_columns(folder / COLUMNS, rows, (*FIELDS, *(a for a in ATTRIBUTES if a not in FIELDS)))
    names = sorted(word for values in ATTRIBUTES.values() for word in values)
    write_words(folder / WORDS, [WordCount(word, products // 8, True) for word in names])
    _write_index(folder, vectors, products)
    return load_generation(folder, 1)


def seen_again(vectors: StoredRows, count: int, step: float, seed: int) -> Embeddings:
    """Return (count, d) unit vectors near stored ones, as those of photos or texts would be.

    Args:
        vectors: (n, d) float16, the stored vectors.
        count: Number of vectors, at most n.
        step: Length of the random step away from a stored vector.
        seed: Of the choice and the steps.
    """
    dice = np.random.default_rng(seed)
    chosen = np.sort(dice.choice(len(vectors), min(count, len(vectors)), replace=False))
    near = vectors[chosen].astype(np.float32)
    return _unit(near + step * _unit(dice.standard_normal(near.shape).astype(np.float32)))


def _unit(rows: Embeddings) -> Embeddings:
    return np.asarray(rows / np.linalg.norm(rows, axis=-1, keepdims=True), dtype=np.float32)


def _vectors(dice: np.random.Generator, category: np.ndarray, product_of: np.ndarray) -> Embeddings:
    """Return (rows, d) float32: the products' first pictures, then the second ones."""
    scale = (1 / np.sqrt(1 + np.arange(DIM) / 16)).astype(np.float32)

    def spread(n: int, width: float) -> np.ndarray:
        return width * scale * dice.standard_normal((n, DIM), dtype=np.float32)

    kinds = np.repeat(spread(CATEGORIES, 1.0), KINDS, axis=0) + spread(CATEGORIES * KINDS, 0.7)
    kind = category * KINDS + dice.integers(KINDS, size=len(category))
    pictures = _unit(kinds[kind] + spread(len(category), 1.0) + spread(1, 0.5))
    second = pictures[product_of[len(category) :]]
    moved = second + STEP * _unit(dice.standard_normal(second.shape, dtype=np.float32))
    return np.concatenate([pictures, _unit(moved)])


def _write_patches(dice: np.random.Generator, path: Path, rows: int) -> None:
    """Write random descriptors; their values do not affect the time of comparing them."""
    with path.open("wb") as written:
        for start in range(0, rows, BLOCK):
            shape = (min(BLOCK, rows - start), PATCH_GRID**2, PATCH_DIM)
            quantised(dice.standard_normal(shape, dtype=np.float32)).tofile(written)


def _rows(
    dice: np.random.Generator, category: np.ndarray, product_of: np.ndarray
) -> list[ColumnRow]:
    n = len(category)
    brand = dice.zipf(1.3, size=n) % BRANDS
    price, in_stock = dice.integers(100, 100_000, size=n), dice.random(n) < 0.9
    chosen = {name: dice.integers(len(known), size=n) for name, known in ATTRIBUTES.items()}
    return [
        ColumnRow(
            image_id=row,
            product_id=product,
            price_cents=int(price[product]),
            in_stock=bool(in_stock[product]),
            values={
                "category": f"Part {category[product] % 8} > Category {category[product]}",
                "brand": f"Brand {brand[product]}",
                **{name: ATTRIBUTES[name][chosen[name][product]] for name in ATTRIBUTES},
            },
            variant=product - product % 2 if product % 10 < 2 else product,
        )
        for row, product in enumerate(product_of.tolist())
    ]


def _write_index(folder: Path, vectors: HalfVectors, products: int) -> None:
    """Train and tune the index; write it and the manifest."""
    settings = Settings(home=folder)
    plan = plan_index(*vectors.shape)
    trained = train_index(plan, vectors)
    write_index(trained, folder / INDEX)
    queries = Queries(seen_again(vectors, 200, STEP, 1), seen_again(vectors, 200, FAR_STEP, 2))
    index, measured = tune(trained, vectors, queries, settings)
    manifest = Manifest(
        format=FORMAT,
        name=folder.name,
        created_at=datetime.now(UTC),
        model="synthetic",
        model_tag="synthetic",
        dim=vectors.shape[1],
        patch_dim=PATCH_DIM,
        vectors=len(vectors),
        products=products,
        signature="",
        changed_from=0,
        factory=plan.factory,
        reason=plan.reason,
        nlist=plan.nlist,
        m=plan.m,
        nbits=plan.nbits,
        nprobe=index.nprobe,
        candidates=settings.candidates,
        left_out={},
        files={name: file_entry(folder / name) for name in sorted(FILES)},
        measured=measured,
    )
    write_manifest(folder, manifest)
