"""Pictures are requested over HTTP, and only changed ones are sent and encoded."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, select

from indexer.commands.encode import encode as encode_command
from indexer.encode_jobs.encode_control import encode_all, encode_step
from indexer.encode_jobs.fetch_step import fetch_step
from indexer.encoding.encode_batch import BatchEncoder
from indexer.fetching.fetch_batch import BatchFetcher
from indexer.pictures.encode_job_row import count_once, finish_if_done, start_row
from indexer.pictures.orphans import prune_spool
from indexer.pictures.spool import Spool
from indexer.queue.broker import waiting_messages
from indexer.queue.celery_app import FETCH_BATCH, make_app
from search.database.connection import session_scope
from search.database.models import Job, ProductImage
from search.encoder import Encoder
from search.jobs.job_records import JobRecord, read_job
from search.settings import Settings, load_settings
from tests.support.factories import picture_bytes
from tests.support.servers.picture_host import PictureHost, serve_pictures
from tests.support.shops.spooled_pictures import QUICK, Add, image, put, spooled, states


def test_new_pictures_are_fetched_and_encoded(
    host: PictureHost, add: Add, encode: Callable[..., JobRecord], settings: Settings
) -> None:
    add(*put(host, 20))

    job = encode()

    fetched = job.report["fetch"]
    assert (job.state, job.done, job.failed, job.total) == ("done", 20, 0, 20)
    assert job.report["encoded"] == 20
    assert (fetched["asked"], fetched["new"], fetched["refused"]) == (20, 20, {})
    assert fetched["bytes"] == sum(len(picture_bytes(seed)) for seed in range(20))
    assert host.sent.total() == host.asked == 20
    assert spooled(settings) == []


@pytest.mark.parametrize("validators", ["etag", "date"])
def test_a_second_run_is_sent_nothing(
    host: PictureHost, add: Add, encode: Callable[..., JobRecord], database: Engine, validators: str
) -> None:
    host.validators = validators
    ids = add(*put(host, 10))
    encode()
    before = image(database, ids[0])
    host.forget_requests()

    job = encode()

    after = image(database, ids[0])
    assert (host.sent.total(), host.not_modified.total()) == (0, 10)
    assert (job.total, job.report["encoded"]) == (0, 0)
    assert (job.report["fetch"]["asked"], job.report["fetch"]["not_modified"]) == (10, 10)
    assert after.checked_at is not None
    assert before.checked_at is not None
    assert after.checked_at > before.checked_at
    # Searchers notice nothing.
    with session_scope(database) as session:
        numbers = select(ProductImage.changed_in).where(ProductImage.id == ids[0])
        changed_in = session.scalar(numbers)
    assert encode().report["fetch"]["not_modified"] == 10
    with session_scope(database) as session:
        assert session.scalar(numbers) == changed_in


def test_a_host_asked_lately_is_not_asked_again(
    host: PictureHost, add: Add, encode: Callable[..., JobRecord]
) -> None:
    add(*put(host, 3))
    encode()
    host.forget_requests()

    job = encode(recheck_hours=20)

    assert host.asked == job.report["fetch"]["asked"] == 0


@pytest.mark.parametrize("validators", ["etag", "none"])
def test_a_changed_picture_is_encoded_alone(
    host: PictureHost,
    add: Add,
    encode: Callable[..., JobRecord],
    database: Engine,
    settings: Settings,
    validators: str,
) -> None:
    """If a host sends neither ETag nor date, the content decides."""
    host.validators = validators
    ids = add(*put(host, 10))
    encode()
    old = image(database, ids[4]).sha256
    host.put("4.png", picture_bytes(99))
    host.forget_requests()

    job = encode()

    fetched = job.report["fetch"]
    assert (job.done, job.total, job.report["encoded"]) == (1, 1, 1)
    assert (fetched["changed"], fetched["not_modified"] + fetched["unchanged"]) == (1, 9)
    assert host.asked == 10
    assert host.sent.total() == (1 if validators == "etag" else 10)
    assert image(database, ids[4]).sha256 != old
    assert states(database) == ["ready"] * 10
    assert spooled(settings) == []


def test_a_changed_picture_works_on_until_it_is_encoded(
    host: PictureHost,
    add: Add,
    encode: Callable[..., JobRecord],
    database: Engine,
    settings: Settings,
    small_encoder: Encoder,
) -> None:
    (image_id,) = add(*put(host, 1))
    encode()
    old = image(database, image_id).sha256
    host.put("0.png", picture_bytes(99))

    with session_scope(database) as session:
        job_id = start_row(session, settings)
        count_once(session, job_id, small_encoder.tag)
    with BatchFetcher(database, settings) as fetcher:
        fetch_step(fetcher, job_id, lambda _task, _messages: None)

    waiting = image(database, image_id)
    assert (waiting.state, waiting.sha256) == ("pending", old)
    assert waiting.fetched_sha256 is not None
    assert [path.name for path in spooled(settings)] == [waiting.fetched_sha256]


def test_two_fetchers_fetch_nothing_twice(
    host: PictureHost, add: Add, database: Engine, settings: Settings
) -> None:
    settings = settings.model_copy(update={"batch_images": 50})
    add(*put(host, 300))
    host.delay_s = 0.001
    with session_scope(database) as session:
        job_id = start_row(session, settings)

    def fetch() -> int:
        fetcher, batches = BatchFetcher(database, settings), 0
        while fetch_step(fetcher, job_id, lambda _task, _messages: None):
            batches += 1
        fetcher.close()
        return batches

    with ThreadPoolExecutor(2) as pool:
        batches = [future.result() for future in [pool.submit(fetch), pool.submit(fetch)]]

    assert sum(batches) == 3
    assert min(batches) > 0
    assert set(host.sent.values()) == {1}
    assert host.asked == 300


def test_fetching_waits_for_encoding(
    host: PictureHost, add: Add, database: Engine, settings: Settings, small_encoder: Encoder
) -> None:
    """The spool of fetched pictures is bounded; fetching resumes when the encoder makes room."""
    add(*put(host, 60))
    own = settings.model_copy(update={"fetch_ahead": 24})
    fetcher, encoder = BatchFetcher(database, own), BatchEncoder(database, own, small_encoder)
    sent: list[str] = []

    def send(task: str, messages: int) -> None:
        sent.extend([task] * messages)

    with session_scope(database) as session:
        job_id = start_row(session, own)
    assert fetch_step(fetcher, job_id, send)
    assert fetch_step(fetcher, job_id, send)
    assert not fetch_step(fetcher, job_id, send)  # 32 are in the spool
    assert host.asked == 32
    assert encode_step(encoder, job_id, send)  # it also records that the model is known
    sent.clear()
    batches = 1
    while FETCH_BATCH not in sent:
        assert encode_step(encoder, job_id, send)
        batches += 1

    assert batches == 2  # of 8 pictures each: 16 are left
    while encode_step(encoder, job_id, send) or fetch_step(fetcher, job_id, send):
        pass
    with session_scope(database) as session:
        assert finish_if_done(session, job_id)
        job = read_job(session, job_id)
    assert (job.state, job.done) == ("done", 60)
    fetcher.close()


def test_a_lost_or_damaged_file_is_fetched_again(
    host: PictureHost,
    add: Add,
    encode: Callable[..., JobRecord],
    database: Engine,
    settings: Settings,
) -> None:
    add(*put(host, 3))
    with session_scope(database) as session:
        job_id = start_row(session, settings)
    with BatchFetcher(database, settings) as fetcher:
        fetch_step(fetcher, job_id, lambda _task, _messages: None)
    lost, damaged, _ = spooled(settings)
    lost.unlink()
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"x")

    job = encode()

    assert (job.done, job.failed) == (3, 0)
    assert sorted(host.sent.values()) == [1, 2, 2]
    assert states(database) == ["ready"] * 3


def test_the_same_content_under_two_addresses_leaves_the_spool_once(
    host: PictureHost, add: Add, encode: Callable[..., JobRecord], settings: Settings
) -> None:
    same = picture_bytes(1)
    add(*(host.put(f"same-{i}.png", same) for i in range(20)))

    job = encode()

    assert (job.done, job.report["encoded"], job.report["reused"]) == (20, 1, 19)
    assert host.asked == 20
    assert spooled(settings) == []


def test_another_model_has_pictures_sent_again(
    host: PictureHost,
    add: Add,
    encode: Callable[..., JobRecord],
    database: Engine,
    settings: Settings,
    tmp_path: Path,
) -> None:
    """Status 304 would not do: the picture must be encoded again."""
    from search.encoder import load_encoder
    from tests.support.models.small_encoder import write_checkpoint

    add(*put(host, 5))
    encode()
    host.forget_requests()
    other = load_encoder(f"local-dir:{write_checkpoint(tmp_path / 'other', seed=9)}", "cpu")

    job = encode_all(database, settings, other, patience=QUICK)

    assert (job.done, job.report["encoded"]) == (5, 5)
    assert host.sent.total() == 5
    assert states(database) == ["ready"] * 5


def test_orphans_of_the_spool_are_pruned(
    host: PictureHost, add: Add, database: Engine, settings: Settings
) -> None:
    spool = Spool(settings.root)
    orphan, waited_for = spool.write(b"orphan"), spool.write(b"waited for")
    retired = spool.write(b"of a retired product")
    (spool.root / "ab").mkdir()
    half = spool.root / "ab" / ".half.tmp"
    half.write_bytes(b"half")
    add(f"{host.address}/a.png", fetched_sha256=waited_for)
    (gone,) = add(f"{host.address}/b.png", fetched_sha256=retired)
    with session_scope(database) as session:
        session.get_one(ProductImage, gone).product.retired_at = datetime.now(UTC)
    with session_scope(database) as session:  # as a running fetcher does
        session.scalars(select(ProductImage.id).with_for_update()).all()
        assert prune_spool(database, spool) == []

    removed = prune_spool(database, spool)

    assert {path.name for path in removed} == {orphan, retired, ".half.tmp"}
    assert spool.read(waited_for) == b"waited for"


def test_the_command_asks_hosts_without_any_worker(
    host: PictureHost,
    add: Add,
    encode: Callable[..., JobRecord],
    database: Engine,
    small_checkpoint: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing changed, so no model is loaded and no worker started."""
    monkeypatch.setenv("FINDALIKE_MODEL", f"local-dir:{small_checkpoint}")
    monkeypatch.setenv("FINDALIKE_RECHECK_HOURS", "0")
    load_settings.cache_clear()
    add(*put(host, 30))
    encode()
    host.forget_requests()

    told = CliRunner().invoke(encode_command, [], catch_exceptions=False)

    assert told.exit_code == 0
    assert "Asked hosts for 30 pictures: 0 new, 0 changed, 30 as before" in told.output
    assert "worker" not in told.output
    assert (host.sent.total(), host.not_modified.total()) == (0, 30)
    assert waiting_messages(make_app(load_settings())) == 0


def test_what_changed_last_is_fetched_first(
    host: PictureHost, add: Add, database: Engine, settings: Settings, small_encoder: Encoder
) -> None:
    """This happens all day, outside any job; a host that is down does not delay the others."""
    add(*put(host, 10))
    last = add(*put(host, 2, start=20))
    encoder = BatchEncoder(database, settings, small_encoder)
    with serve_pictures() as away, BatchFetcher(database, settings) as fetcher:
        away.status = 503
        add(*put(away, 6, start=40))
        asked = [fetcher.run_newest(small_encoder.tag, 6) for _ in range(2)]
        result = encoder.run_newest(2)

    assert [found.fetched for found in asked] == [0, 6]
    assert result.encoded == 2
    assert [image(database, image_id).state for image_id in last] == ["ready", "ready"]
    assert states(database).count("failed") == 0
    with session_scope(database) as session:
        assert session.scalars(select(Job)).all() == []
