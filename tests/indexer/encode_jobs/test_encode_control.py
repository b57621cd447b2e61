"""Encoding in this process: pictures are stored, refused, reused and retried."""

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import Engine, func, select

from indexer.encode_jobs.encode_control import encode_all
from indexer.encoding.picture_pipeline import map_ahead
from indexer.pictures.orphans import forget_damaged_shards, prune_orphan_shards
from search.database.connection import session_scope
from search.database.models import Embedding, ProductImage, Quarantine
from search.encoder import OpenClipEncoder, load_encoder
from search.index.embedding_store import EmbeddingStore
from search.merchandising.health.refusals import retry_pictures
from search.pictures.rendition_store import PictureStore
from search.settings import Settings
from tests.support.factories import picture_bytes
from tests.support.models.small_encoder import write_checkpoint
from tests.support.shops.stored_embeddings import count_rows, pictures, shard_files, states


def test_every_picture_gets_its_own_vector(
    database: Engine, settings: Settings, small: OpenClipEncoder, add: Callable[..., list[int]]
) -> None:
    contents = pictures(20)
    add(*contents)
    told: list[tuple[int, int]] = []

    job = encode_all(
        database, settings, small, progress=lambda done, total: told.append((done, total))
    )

    assert (job.state, job.done, job.failed, job.total) == ("done", 20, 0, 20)
    assert job.report["encoded"] == 20
    assert told == [(8, 20), (16, 20), (20, 20)]
    with session_scope(database) as session:
        rows = session.execute(
            select(ProductImage.address, Embedding.shard, Embedding.row, ProductImage.width_px)
            .join(Embedding, Embedding.sha256 == ProductImage.sha256)
            .order_by(ProductImage.id)
        ).all()
    stored = EmbeddingStore(settings.root).gather(
        small.tag, [row.shard for row in rows], np.array([row.row for row in rows])
    )
    images = [Image.open(row.address).convert("RGB") for row in rows]
    np.testing.assert_allclose(stored.vectors, small.encode_images(images), atol=2e-3)
    assert len(shard_files(settings)) == 3


def test_an_unchanged_run_encodes_nothing(
    database: Engine, settings: Settings, small: OpenClipEncoder, add: Callable[..., list[int]]
) -> None:
    add(*pictures(10))
    encode_all(database, settings, small)
    before = shard_files(settings)

    job = encode_all(database, settings, small)

    assert (job.state, job.total, job.done, job.report["encoded"]) == ("done", 0, 0, 0)
    assert shard_files(settings) == before


def test_the_same_content_is_encoded_once(
    database: Engine, settings: Settings, small: OpenClipEncoder, add: Callable[..., list[int]]
) -> None:
    """Two products share a picture in one batch, and a third one later."""
    same, other = pictures(2)
    add(same, other, same)
    first = encode_all(database, settings, small)
    add(same)
    second = encode_all(database, settings, small)

    assert (first.report["encoded"], first.report["reused"]) == (2, 1)
    assert (second.report["encoded"], second.report["reused"]) == (0, 1)
    assert count_rows(database, Embedding) == 2
    assert states(database) == {"ready": 4}


def test_another_model_encodes_anew(
    database: Engine,
    settings: Settings,
    small: OpenClipEncoder,
    add: Callable[..., list[int]],
    tmp_path: Path,
) -> None:
    add(*pictures(3))
    encode_all(database, settings, small)
    other = load_encoder(f"local-dir:{write_checkpoint(tmp_path / 'other', seed=9)}", "cpu")

    job = encode_all(database, settings, other)

    assert other.tag != small.tag
    assert (job.total, job.report["encoded"]) == (3, 3)
    assert count_rows(database, Embedding) == 6


def test_bad_pictures_are_quarantined_and_stop_nobody(
    database: Engine, settings: Settings, small: OpenClipEncoder, add: Callable[..., list[int]]
) -> None:
    good = pictures(3)
    jpeg = picture_bytes(5, (200, 150), kind="JPEG")
    bad = {"empty": b"", "truncated": jpeg[: len(jpeg) // 2], "not_a_picture": b"hello " * 99}
    ids = add(good[0], *bad.values(), good[1], None, good[2])

    job = encode_all(database, settings, small)

    assert (job.state, job.done, job.failed) == ("done", 3, 4)
    reasons = dict.fromkeys((*bad, "missing_file"), 1)
    assert job.report["failed"] == reasons
    assert states(database) == {"ready": 3, "failed": 4}
    with session_scope(database) as session:
        entries = session.scalars(select(Quarantine).order_by(Quarantine.product_image_id)).all()
        assert [entry.product_image_id for entry in entries] == [*ids[1:4], ids[5]]
        assert {entry.reason for entry in entries} == reasons.keys()
        for entry in entries:
            image = session.get_one(ProductImage, entry.product_image_id)
            assert entry.kind == "image"
            assert entry.sku == image.product.sku
            assert entry.address == image.address
            assert image.error == entry.detail


def test_a_picture_that_works_now_leaves_quarantine(
    database: Engine, settings: Settings, small: OpenClipEncoder, add: Callable[..., list[int]]
) -> None:
    (image_id,) = add(b"")
    encode_all(database, settings, small)
    assert encode_all(database, settings, small).total == 0  # refused pictures wait
    with session_scope(database) as session:
        path = Path(session.get_one(ProductImage, image_id).address)
    path.write_bytes(pictures(1)[0])

    with session_scope(database) as session:
        assert retry_pictures(session) == 1
    job = encode_all(database, settings, small)

    assert (job.done, job.failed) == (1, 0)
    assert count_rows(database, Quarantine) == 0
    with session_scope(database) as session:
        image = session.get_one(ProductImage, image_id)
        assert (image.state, image.error) == ("ready", None)


def test_a_picture_refused_twice_has_one_entry(
    database: Engine, settings: Settings, small: OpenClipEncoder, add: Callable[..., list[int]]
) -> None:
    add(b"")
    encode_all(database, settings, small)
    with session_scope(database) as session:
        retry_pictures(session)
    encode_all(database, settings, small)

    assert count_rows(database, Quarantine) == 1


def test_retired_products_wait(
    database: Engine, settings: Settings, small: OpenClipEncoder, add: Callable[..., list[int]]
) -> None:
    add(*pictures(2), retired_at=func.now())

    assert encode_all(database, settings, small).total == 0
    assert states(database) == {"pending": 2}


@pytest.mark.parametrize(
    ("orientation", "upright"), [(1, (1600, 1200)), (6, (1200, 1600)), (3, (1600, 1200))]
)
def test_size_is_that_of_the_upright_original(
    database: Engine,
    settings: Settings,
    small: OpenClipEncoder,
    add: Callable[..., list[int]],
    orientation: int,
    upright: tuple[int, int],
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = picture_bytes(1, (1600, 1200), kind="JPEG", exif=exif)
    (image_id,) = add(content)
    encode_all(database, settings, small)

    with session_scope(database) as session:
        image = session.get_one(ProductImage, image_id)
        assert (image.width_px, image.height_px) == upright
        rendition = PictureStore(settings.root).path(image.sha256 or "")
    assert rendition is not None
    with Image.open(rendition) as shown:
        assert (shown.width > shown.height) == (upright[0] > upright[1])


def test_old_temporary_files_are_pruned(database: Engine, settings: Settings) -> None:
    store = EmbeddingStore(settings.root)
    leftover = store.root / "model" / ".half.safetensors.tmp"
    leftover.parent.mkdir(parents=True)
    leftover.write_bytes(b"half")
    os.utime(leftover, (time.time() - 86_400, time.time() - 86_400))

    assert prune_orphan_shards(database, store) == [leftover]
    assert not leftover.exists()


def test_a_damaged_shard_is_encoded_again(
    database: Engine, settings: Settings, small: OpenClipEncoder, add: Callable[..., list[int]]
) -> None:
    add(*pictures(12))
    encode_all(database, settings, small)
    broken, whole = shard_files(settings)
    content = bytearray(broken.read_bytes())
    content[-1] ^= 1
    broken.write_bytes(content)

    forgotten = forget_damaged_shards(database, EmbeddingStore(settings.root))
    job = encode_all(database, settings, small)

    assert list(forgotten) == [broken.name]
    assert job.report["encoded"] == forgotten[broken.name]
    assert count_rows(database, Embedding) == 12
    assert whole.exists()


def test_map_ahead_keeps_order_and_bounds() -> None:
    begun: list[int] = []

    def work(number: int) -> int:
        begun.append(number)
        time.sleep(0.002 * (number % 3))
        return number * number

    with ThreadPoolExecutor(4) as pool:
        results = map_ahead(pool, work, range(30), ahead=5)
        assert [next(results) for _ in range(3)] == [0, 1, 4]
        time.sleep(0.05)
        assert len(begun) <= 3 + 5
        assert list(results) == [number * number for number in range(3, 30)]
