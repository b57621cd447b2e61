"""Encoding in this process: what is claimed, kept, refused, reused and repeated."""

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import Engine, event, func, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from indexer.batch import BatchEncoder
from indexer.broker import waiting_messages
from indexer.celery_app import make_app
from indexer.claims import anything_unclaimed, claim, count_unencoded
from indexer.encode import encode_all, follow, start_encoding
from indexer.encode_job import count_once
from indexer.pipeline import map_ahead
from indexer.upkeep import forget_damaged_shards, prune_orphan_shards
from search.db import session_scope
from search.embeddings import EmbeddingStore
from search.encoder import OpenClipEncoder, load_encoder
from search.errors import JobFailed
from search.jobs import JobView, read_job, start_job
from search.merchandising.health.refusals import retry_pictures
from search.models import Embedding, Job, ProductImage, Quarantine
from search.pictures import PictureStore
from search.settings import Settings
from tests.factories import make_image, make_product, picture_bytes
from tests.small_encoder import write_checkpoint


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="module")
def small(checkpoint: Path) -> OpenClipEncoder:
    return load_encoder(f"local-dir:{checkpoint}", "cpu")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"batch_images": 8})


@pytest.fixture
def add(database: Engine, tmp_path: Path) -> Callable[..., list[int]]:
    """Return a function that adds one product per given file content."""

    def add_pictures(*contents: bytes | None, **fields: object) -> list[int]:
        ids = []
        with session_scope(database) as session:
            for content in contents:
                product = make_product(session, **fields)
                path = tmp_path / f"{product.sku}.picture"
                if content is not None:
                    path.write_bytes(content)
                image = make_image(
                    session, product, address=str(path), state="pending", sha256=None
                )
                ids.append(image.id)
        return ids

    return add_pictures


def pictures(n: int, start: int = 0) -> list[bytes]:
    return [picture_bytes(seed) for seed in range(start, start + n)]


def states(database: Engine) -> dict[str, int]:
    with session_scope(database) as session:
        query = select(ProductImage.state, func.count()).group_by(ProductImage.state)
        return {row[0]: row[1] for row in session.execute(query)}


def count_rows(database: Engine, table: type[Embedding] | type[Quarantine]) -> int:
    with session_scope(database) as session:
        return session.scalars(select(func.count()).select_from(table)).one()


def shard_files(settings: Settings) -> list[Path]:
    return sorted((settings.root / "embeddings").rglob("*.safetensors"))


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
    """Under two products in one batch, and under a third one later."""
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
    assert encode_all(database, settings, small).total == 0  # refused ones wait
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


def test_claims_are_disjoint_and_end_with_their_transaction(
    database: Engine, small: OpenClipEncoder, add: Callable[..., list[int]]
) -> None:
    ids = add(*pictures(5))
    with Session(database) as first, Session(database) as second:
        held = [held.image_id for held in claim(first, small.tag, 3)]
        rest = [held.image_id for held in claim(second, small.tag, 3)]
        with session_scope(database) as third:
            assert not anything_unclaimed(third, small.tag)
            assert count_unencoded(third, small.tag) == 5
        first.rollback()
        with session_scope(database) as third:
            assert [again.image_id for again in claim(third, small.tag, 9)] == held
    assert (held, rest) == (ids[:3], ids[3:])


def test_what_was_stamped_in_between_is_not_claimed(
    database: Engine, settings: Settings, small: OpenClipEncoder, add: Callable[..., list[int]]
) -> None:
    """Rows locked right after another worker's commit, by a query that began before it."""
    ids = add(*pictures(2))
    asleep = Event()

    def sleep_before_locking(*arguments: Any) -> tuple[str, object]:
        statement, parameters = arguments[2], arguments[3]
        if "SKIP LOCKED" not in statement or asleep.is_set():
            return statement, parameters
        asleep.set()
        # Its snapshot is taken, its rows are not yet looked at.
        pause = "WHERE (SELECT pg_sleep(2)) IS NOT NULL AND "
        return statement.replace("WHERE ", pause, 1), parameters

    event.listen(database, "before_cursor_execute", sleep_before_locking, retval=True)
    try:
        with ThreadPoolExecutor(1) as pool, Session(database) as session:
            claiming = pool.submit(claim, session, small.tag, 8)
            assert asleep.wait(10)
            time.sleep(0.2)
            job = encode_all(database, settings, small)
            assert not claiming.done()
            held = claiming.result()
    finally:
        event.remove(database, "before_cursor_execute", sleep_before_locking)
    assert job.done == len(ids)
    assert held == []


def test_a_lost_connection_repeats_the_batch(
    database: Engine, settings: Settings, small: OpenClipEncoder, add: Callable[..., list[int]]
) -> None:
    """The backend dies after the shard is written and before the commit: nothing is doubled."""
    add(*pictures(6))
    killed = []

    def kill_own_backend(session: Session) -> None:
        if not killed and session.scalars(select(func.count()).select_from(Embedding)).one():
            killed.append(session.scalar(text("SELECT pg_backend_pid()")))
            with session_scope(database) as other:
                other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": killed[0]})

    event.listen(Session, "before_commit", kill_own_backend)
    try:
        job = encode_all(database, settings, small)
    finally:
        event.remove(Session, "before_commit", kill_own_backend)

    assert killed
    assert (job.state, job.done, job.total, job.report["encoded"]) == ("done", 6, 6, 6)
    assert count_rows(database, Embedding) == 6
    assert len(shard_files(settings)) == 2  # one of them an orphan
    store = EmbeddingStore(settings.root)
    with session_scope(database) as batch:
        batch.execute(select(ProductImage.id).limit(1).with_for_update())
        assert prune_orphan_shards(database, store) == []  # a batch in work may be about to
    (orphan,) = prune_orphan_shards(database, store)
    (kept,) = shard_files(settings)
    assert kept != orphan
    assert forget_damaged_shards(database, store) == {}


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


def test_a_full_disk_fails_the_job(
    database: Engine,
    settings: Settings,
    small: OpenClipEncoder,
    add: Callable[..., list[int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    add(*pictures(2))

    def refuse(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("search.durable.os.fsync", refuse)
    with pytest.raises(OSError, match="No space left"):
        encode_all(database, settings, small)

    with session_scope(database) as session:
        (job,) = session.scalars(select(Job)).all()
        assert (job.state, job.done) == ("failed", 0)
        assert "No space left" in (job.error or "")
    assert states(database) == {"pending": 2}


def test_a_job_is_for_one_model(database: Engine, small: OpenClipEncoder) -> None:
    with session_scope(database) as session:
        job_id = start_job(session, "encode", report={"model_tag": "another-model"})
        assert count_once(session, job_id, small.tag) is None
        job = read_job(session, job_id)

    assert job.state == "failed"
    assert "another-model" in (job.error or "")
    assert "FINDALIKE_MODEL" in (job.error or "")


def test_starting_again_takes_up_the_running_job(
    database: Engine, settings: Settings, small: OpenClipEncoder, add: Callable[..., list[int]]
) -> None:
    add(*pictures(10))
    first = start_encoding(database, settings)
    batches = BatchEncoder(database, settings, small)
    with session_scope(database) as session:
        count_once(session, first, small.tag)
    batches.run(first)

    assert start_encoding(database, settings) == first
    with session_scope(database) as session:
        assert count_once(session, first, small.tag) == 2
        job = read_job(session, first)
    assert (job.done, job.total) == (8, 10)
    assert waiting_messages(make_app(settings)) == 2


def test_a_job_of_another_model_is_given_up(database: Engine, settings: Settings) -> None:
    first = start_encoding(database, settings)

    second = start_encoding(database, settings.model_copy(update={"model": "local-dir:/other"}))

    assert second != first
    with pytest.raises(JobFailed, match="local-dir:/other"):
        list(follow(database, first, settings))


def test_a_job_without_work_is_over_at_once(
    database: Engine, settings: Settings, small: OpenClipEncoder, add: Callable[..., list[int]]
) -> None:
    add(*pictures(3))
    encode_all(database, settings, small)

    job_id = start_encoding(database, settings, model_tag=small.tag)

    (job,) = follow(database, job_id, settings)
    assert (job.state, job.total) == ("done", 0)
    assert waiting_messages(make_app(settings)) == 0


def test_lost_messages_are_sent_again(
    database: Engine,
    settings: Settings,
    small: OpenClipEncoder,
    add: Callable[..., list[int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As when a worker took a message and was killed: kombu never delivers it again."""
    add(*pictures(20))
    job_id = start_encoding(database, settings)
    app = make_app(settings)
    with session_scope(database) as session:
        session.execute(text("UPDATE kombu_message SET visible = false"))
        count_once(session, job_id, small.tag)
    assert waiting_messages(app) == 0
    monkeypatch.setattr("indexer.encode.STALLED_AFTER_S", 0.2)

    for job in follow(database, job_id, settings):
        assert job.state == "running"
        if waiting_messages(app):
            break

    assert waiting_messages(app) == 3


def test_a_job_that_nobody_advances_fails_with_advice(
    database: Engine,
    settings: Settings,
    small: OpenClipEncoder,
    add: Callable[..., list[int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Workers that take every message and die of it."""
    add(*pictures(2))
    job_id = start_encoding(database, settings)
    with session_scope(database) as session:
        count_once(session, job_id, small.tag)
    for name, value in (("STALLED_AFTER_S", 0.05), ("LONGEST_PAUSE_S", 0.05), ("POLL_S", 0.02)):
        monkeypatch.setattr(f"indexer.encode.{name}", value)

    def take_messages(jobs: list[JobView]) -> None:
        for job in follow(database, job_id, settings):
            jobs.append(job)
            with session_scope(database) as session:
                session.execute(text("UPDATE kombu_message SET visible = false"))

    seen: list[JobView] = []
    with pytest.raises(JobFailed, match="logs"):
        take_messages(seen)
    assert seen[-1].state == "running"


def test_the_database_is_asked_again_while_following(
    database: Engine, settings: Settings, small: OpenClipEncoder, add: Callable[..., list[int]]
) -> None:
    add(*pictures(1))
    job_id = start_encoding(database, settings)
    failures = [True]

    def fail_once(*_arguments: object) -> None:
        if failures.pop() if failures else False:
            raise OperationalError("SELECT", {}, Exception("server closed the connection"))

    event.listen(database, "before_cursor_execute", fail_once)
    try:
        job = next(follow(database, job_id, settings))
    finally:
        event.remove(database, "before_cursor_execute", fail_once)
    assert job.id == job_id
    assert failures == []
    with session_scope(database) as session:
        assert count_once(session, job_id, small.tag) == 1


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
