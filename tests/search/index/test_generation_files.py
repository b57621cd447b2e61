"""A generation matches its manifest, or is refused with an error that names it."""

import json
from pathlib import Path

import numpy as np
import pytest

from search.errors import DamagedGeneration, DimensionMismatch
from search.index.generation_files import (
    COLUMNS,
    INDEX,
    PATCHES,
    VECTORS,
    WORDS,
    Generation,
    load_generation,
    read_manifest,
    verify_files,
)
from search.index.manifest_files import MANIFEST
from search.results import Embeddings, Filters
from tests.support.factories import clustered_vectors
from tests.support.written_generations import flip_byte, write_generation

FILES = (INDEX, VECTORS, COLUMNS, WORDS, MANIFEST)


@pytest.fixture(scope="module")
def vectors() -> Embeddings:
    return clustered_vectors(1200, 16)


@pytest.fixture
def directory(tmp_path: Path, vectors: Embeddings) -> Path:
    """A small generation with an exact index."""
    write_generation(tmp_path / "small", vectors[:60])
    return tmp_path / "small"


@pytest.fixture(scope="module")
def generation(tmp_path_factory: pytest.TempPathFactory, vectors: Embeddings) -> Generation:
    """A loaded generation whose index has lists."""
    directory = tmp_path_factory.mktemp("generations") / "lists"
    write_generation(directory, vectors)
    return load_generation(directory, 3)


def test_a_written_generation_is_whole(directory: Path) -> None:
    assert verify_files(directory) == read_manifest(directory)
    assert load_generation(directory, 7).id == 7


def test_vectors_are_mapped_and_read_only(generation: Generation, vectors: Embeddings) -> None:
    assert isinstance(generation.vectors.base, np.memmap)
    assert generation.vectors.dtype == np.float16
    assert (generation.vectors == vectors.astype(np.float16)).all()
    with pytest.raises(ValueError, match="read-only"):
        generation.vectors[0, 0] = 1


def test_patches_are_mapped_and_read_only(tmp_path: Path, vectors: Embeddings) -> None:
    patches = np.random.default_rng(0).integers(-127, 128, (60, 9, 4), dtype=np.int8)
    write_generation(tmp_path / "local", vectors[:60], patches=patches)

    loaded = load_generation(tmp_path / "local", 1)

    assert (loaded.patches == patches).all()
    assert isinstance(loaded.patches.base, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        loaded.patches[0, 0, 0] = 1


def test_a_model_without_local_features_has_no_cells(directory: Path) -> None:
    assert load_generation(directory, 1).patches.shape == (60, 0, 1)


def test_patches_of_another_number_of_pictures_are_refused(
    tmp_path: Path, vectors: Embeddings
) -> None:
    """The file has patches for 59 pictures instead of 60."""
    directory = tmp_path / "local"
    write_generation(directory, vectors[:60], patches=np.ones((59, 9, 4), np.int8))

    with pytest.raises(DamagedGeneration, match=f"^{PATCHES} .* another number of pictures"):
        load_generation(directory, 1)


@pytest.mark.parametrize("size", [0, 1000])
def test_patches_of_another_size_are_refused(
    tmp_path: Path, vectors: Embeddings, size: int
) -> None:
    directory = tmp_path / "local"
    write_generation(directory, vectors[:60], patches=np.ones((60, 9, 4), np.int8))
    (directory / PATCHES).write_bytes(bytes(size))

    with pytest.raises(DamagedGeneration, match=f"^{PATCHES} of generation local"):
        load_generation(directory, 1)


def test_candidates_hold_the_exact_best(generation: Generation, vectors: Embeddings) -> None:
    for query in vectors[::100]:
        exact = generation.exact(query, 5)
        near = generation.candidates(query, 100)
        assert exact.rows[0] in near.rows
        assert len(near.rows) == 100


def test_filters_reach_into_the_search(generation: Generation, vectors: Embeddings) -> None:
    keep = generation.columns.mask(Filters(categories=("Home",), brands=("bryx",)))

    found = generation.candidates(vectors[0], 20, keep)

    assert len(found.rows) == 20
    assert keep[found.rows].all()
    assert not keep.all()


@pytest.mark.parametrize("search", ["candidates", "exact"])
def test_a_query_of_another_dimension_is_refused(generation: Generation, search: str) -> None:
    with pytest.raises(DimensionMismatch, match="Vectors of 8 dimensions where 16 are needed"):
        getattr(generation, search)(np.zeros(8, dtype=np.float32), 5)


@pytest.mark.parametrize("at", [0.01, 0.5, 0.99])
@pytest.mark.parametrize("name", FILES)
def test_one_flipped_byte_is_found_in_the_right_file(directory: Path, name: str, at: float) -> None:
    flip_byte(directory / name, at)

    with pytest.raises(DamagedGeneration, match=f"^{name} of generation small") as refused:
        verify_files(directory)

    assert "findalike rollback" in str(refused.value)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(directory: Path, name: str) -> None:
    (directory / name).unlink()

    for check in (verify_files, lambda path: load_generation(path, 1)):
        with pytest.raises(DamagedGeneration, match=f"^{name} of generation small is missing"):
            check(directory)


@pytest.mark.parametrize("name", FILES)
def test_a_truncated_file_is_not_loaded(directory: Path, name: str) -> None:
    content = (directory / name).read_bytes()
    (directory / name).write_bytes(content[: len(content) // 2])

    with pytest.raises(DamagedGeneration, match=f"^{name} of generation small"):
        load_generation(directory, 1)


@pytest.mark.parametrize("name", [INDEX, COLUMNS])
def test_a_file_of_right_size_and_wrong_content_is_not_loaded(directory: Path, name: str) -> None:
    (directory / name).write_bytes(bytes((directory / name).stat().st_size))

    with pytest.raises(DamagedGeneration, match=f"^{name} of generation small can't be read"):
        load_generation(directory, 1)


@pytest.mark.parametrize(
    "change",
    [
        {"nprobe": 5},
        {"model_tag": "another-model"},
        {"files": {}},
        {"checksum": ""},
    ],
)
def test_a_manifest_that_was_edited_is_refused(directory: Path, change: dict[str, object]) -> None:
    manifest = json.loads((directory / MANIFEST).read_text())
    (directory / MANIFEST).write_text(json.dumps(manifest | change))

    with pytest.raises(DamagedGeneration, match="not what its checksum says"):
        read_manifest(directory)


def test_a_manifest_of_another_format_is_refused(directory: Path) -> None:
    manifest = json.loads((directory / MANIFEST).read_text())
    (directory / MANIFEST).write_text(json.dumps(manifest | {"format": 2}))

    with pytest.raises(DamagedGeneration, match="has format 2, not 1"):
        load_generation(directory, 1)


def test_files_of_another_generation_are_refused(
    directory: Path, tmp_path: Path, vectors: Embeddings
) -> None:
    """The size is the same, so only the checksum differs."""
    write_generation(tmp_path / "other", vectors[60:120])
    (tmp_path / "other" / VECTORS).rename(directory / VECTORS)

    with pytest.raises(DamagedGeneration, match=VECTORS):
        verify_files(directory)


def test_a_loaded_generation_outlives_its_files(directory: Path, vectors: Embeddings) -> None:
    """It may be pruned while a request is running."""
    generation = load_generation(directory, 1)
    for path in directory.iterdir():
        path.unlink()

    found = generation.candidates(vectors[5], 60, generation.columns.mask(Filters(in_stock=True)))

    assert 0 < len(found.rows) < 60
    assert generation.exact(vectors[5], 1).rows.tolist() == [5]
