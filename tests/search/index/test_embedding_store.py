"""The embedding store returns exactly what was written, or an error."""

import hashlib
import os
import time
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from search.errors import DamagedShard, DimensionMismatch
from search.index.embedding_store import EmbeddingStore
from search.results import Embeddings
from tests.support.factories import clustered_vectors

TAG = "model-0123456789ab"


def digests(n: int, start: int = 0) -> list[str]:
    return [hashlib.sha256(str(number).encode()).hexdigest() for number in range(start, start + n)]


@pytest.fixture
def store(tmp_path: Path) -> EmbeddingStore:
    return EmbeddingStore(tmp_path)


@pytest.fixture
def vectors() -> Embeddings:
    return clustered_vectors(20, 16, seed=4)


def only_file(store: EmbeddingStore) -> Path:
    (path,) = (store.root / TAG).iterdir()
    return path


def test_shard_keeps_vectors_and_digests(store: EmbeddingStore, vectors: Embeddings) -> None:
    shard = store.write(TAG, digests(20), vectors)

    kept, _, named = store.read(TAG, shard)

    assert kept.dtype == np.float16
    np.testing.assert_allclose(kept, vectors, atol=1e-3)
    assert [row.tobytes().hex() for row in named] == digests(20)


def test_gather_follows_the_order_asked_for(store: EmbeddingStore, vectors: Embeddings) -> None:
    shards = [store.write(TAG, digests(5, start), vectors[start : start + 5]) for start in (0, 5)]
    wanted = [(1, 4), (0, 0), (1, 0), (0, 0), (0, 3)]

    found = store.gather(
        TAG, [shards[number] for number, _ in wanted], np.array([row for _, row in wanted])
    )

    rows = [5 * number + row for number, row in wanted]
    assert np.array_equal(found.vectors, vectors[rows].astype(np.float16))


def local_features(n: int, cells: int = 9, width: int = 4) -> np.ndarray:
    return np.random.default_rng(n).integers(-127, 128, (n, cells, width), dtype=np.int8)


def test_shard_keeps_patches(store: EmbeddingStore, vectors: Embeddings) -> None:
    patches = local_features(20)

    shard = store.write(TAG, digests(20), vectors, patches)

    kept = store.read(TAG, shard).patches
    assert kept.dtype == np.int8
    assert (kept == patches).all()


def test_patches_are_gathered_beside_their_vectors(
    store: EmbeddingStore, vectors: Embeddings
) -> None:
    patches = local_features(10)
    shards = [
        store.write(TAG, digests(5, i), vectors[i : i + 5], patches[i : i + 5]) for i in (0, 5)
    ]
    wanted = [(1, 4), (0, 0), (1, 0)]

    found = store.gather(TAG, [shards[n] for n, _ in wanted], np.array([row for _, row in wanted]))

    rows = [5 * number + row for number, row in wanted]
    assert (found.patches == patches[rows]).all()
    assert np.array_equal(found.vectors, vectors[rows].astype(np.float16))


def test_without_local_features_there_are_no_cells(
    store: EmbeddingStore, vectors: Embeddings
) -> None:
    shard = store.write(TAG, digests(20), vectors)

    assert store.read(TAG, shard).patches.shape == (20, 0, 0)
    assert store.gather(TAG, [shard], np.array([3])).patches.shape == (1, 0, 0)


def test_patches_and_rows_must_agree(store: EmbeddingStore, vectors: Embeddings) -> None:
    with pytest.raises(DimensionMismatch):
        store.write(TAG, digests(20), vectors, local_features(19))
    assert not store.root.exists()


def test_shards_of_different_cells_do_not_mix(store: EmbeddingStore, vectors: Embeddings) -> None:
    shards = [
        store.write(TAG, digests(2), vectors[:2], patches)
        for patches in (local_features(2), local_features(2, cells=16), None)
    ]

    for other in shards[1:]:
        with pytest.raises(DimensionMismatch):
            store.gather(TAG, [shards[0], other], np.array([0, 0]))


def test_one_flipped_byte_of_the_patches_is_noticed(
    store: EmbeddingStore, vectors: Embeddings
) -> None:
    patches = local_features(20)
    shard = store.write(TAG, digests(20), vectors, patches)
    path = only_file(store)
    content = bytearray(path.read_bytes())
    content[content.index(patches[7].tobytes())] ^= 1
    path.write_bytes(content)

    with pytest.raises(DamagedShard, match="checksum"):
        store.read(TAG, shard)


def test_gathering_nothing(store: EmbeddingStore) -> None:
    assert store.gather(TAG, [], np.empty(0, np.int64)).vectors.shape == (0, 0)


def test_two_writes_are_two_files(store: EmbeddingStore, vectors: Embeddings) -> None:
    names = {store.write(TAG, digests(20), vectors) for _ in range(3)}

    assert {path.name for path in (store.root / TAG).iterdir()} == names
    assert len(names) == 3


@pytest.mark.parametrize("part", ["header", "vectors", "digests"])
def test_one_flipped_byte_is_noticed(store: EmbeddingStore, vectors: Embeddings, part: str) -> None:
    shard = store.write(TAG, digests(20), vectors)
    path = only_file(store)
    content = bytearray(path.read_bytes())
    first_row = vectors.astype(np.float16)[0].tobytes()
    place = {
        "header": content.index(b"checksum") + 20,
        "vectors": content.index(first_row),
        "digests": content.index(bytes.fromhex(digests(1)[0])),
    }[part]
    content[place] ^= 1
    path.write_bytes(content)

    with pytest.raises(DamagedShard, match=r"encode --repair"):
        store.gather(TAG, [shard], np.array([0]))


def test_a_cut_file_is_noticed(store: EmbeddingStore, vectors: Embeddings) -> None:
    shard = store.write(TAG, digests(20), vectors)
    path = only_file(store)
    os.truncate(path, path.stat().st_size // 2)

    with pytest.raises(DamagedShard):
        store.read(TAG, shard)


def test_a_missing_file_is_noticed(store: EmbeddingStore) -> None:
    with pytest.raises(DamagedShard, match=r"gone\.safetensors"):
        store.read(TAG, "gone.safetensors")


def test_a_shard_of_another_model_is_refused(store: EmbeddingStore, vectors: Embeddings) -> None:
    shard = store.write(TAG, digests(20), vectors)
    (store.root / "other").mkdir()
    only_file(store).rename(store.root / "other" / shard)

    with pytest.raises(DamagedShard, match=TAG):
        store.read("other", shard)


def test_a_foreign_file_is_refused(store: EmbeddingStore) -> None:
    (store.root / TAG).mkdir(parents=True)
    save_file({"weights": np.zeros(3)}, store.root / TAG / "foreign.safetensors")

    with pytest.raises(DamagedShard):
        store.read(TAG, "foreign.safetensors")


@pytest.mark.parametrize("row", [-1, 20])
def test_a_row_that_is_not_there(store: EmbeddingStore, vectors: Embeddings, row: int) -> None:
    shard = store.write(TAG, digests(20), vectors)

    with pytest.raises(DamagedShard, match="20 rows"):
        store.gather(TAG, [shard], np.array([row]))


def test_digests_and_rows_must_agree(store: EmbeddingStore, vectors: Embeddings) -> None:
    with pytest.raises(DimensionMismatch):
        store.write(TAG, digests(3), vectors)
    assert not store.root.exists()


def test_shards_of_different_d_do_not_mix(store: EmbeddingStore) -> None:
    shards = [store.write(TAG, digests(2), clustered_vectors(2, d)) for d in (8, 16)]

    with pytest.raises(DimensionMismatch):
        store.gather(TAG, shards, np.array([0, 0]))


def test_a_full_disk_leaves_nothing(
    store: EmbeddingStore, vectors: Embeddings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failing fsync stands for the full disk."""

    def refuse(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", refuse)
    with pytest.raises(OSError, match="No space"):
        store.write(TAG, digests(20), vectors)

    assert list((store.root / TAG).iterdir()) == []


@pytest.mark.parametrize("tag", ["../outside", "a/b", "..", "."])
def test_a_tag_never_leaves_the_store(store: EmbeddingStore, vectors: Embeddings, tag: str) -> None:
    shard = store.write(tag, digests(20), vectors)

    (directory,) = store.root.iterdir()
    assert (directory / shard).is_file()
    assert len(store.read(tag, shard)[0]) == 20


def test_only_old_files_are_stale(store: EmbeddingStore, vectors: Embeddings) -> None:
    old, young = (store.write(TAG, digests(20), vectors) for _ in range(2))
    os.utime(store.root / TAG / old, (time.time() - 100, time.time() - 100))

    assert [path.name for path in store.stale_files(older_than_s=50)] == [old]
    assert {path.name for path in store.stale_files(older_than_s=0)} == {old, young}
