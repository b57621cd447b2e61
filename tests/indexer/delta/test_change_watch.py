"""A change reaches searchers within seconds, even if processes die meanwhile."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine, create_engine, select, text
from structlog.testing import capture_logs

from indexer.delta.change_watch import PICTURES_A_ROUND, ChangeWatch
from indexer.encoding.encode_batch import BatchEncoder
from search.catalogue.change_inbox import delete_product, put_product
from search.catalogue.product_fields import ProductFields
from search.database.connection import session_scope
from search.database.models import Embedding, Product, ProductImage
from search.encoder import Encoder
from search.engine.search_engine import SearchEngine
from search.index.embedding_store import EmbeddingStore
from search.operation.concerns import find_concerns
from search.operation.delta_freshness import read_freshness
from search.operation.shop_status import read_status
from search.results import Filters
from search.settings import Settings, load_settings
from tests.conftest import open_engine
from tests.support.factories import picture_bytes
from tests.support.shops.changing_shop import ChangingShop
from tests.support.waiting import wait_until
from tests.support.written_generations import flip_byte

WITHIN_S = 100.0
COMMAND = [sys.executable, "-c", "from search.cli import main; main()", "watch"]


@pytest.fixture
def settings(
    settings: Settings, small_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """Settings with the small encoder, for commands too."""
    monkeypatch.setenv("FINDALIKE_MODEL", f"local-dir:{small_checkpoint}")
    monkeypatch.setenv("FINDALIKE_WATCH_S", "0.1")
    monkeypatch.setenv("FINDALIKE_REFRESH_S", "0.1")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    load_settings.cache_clear()
    return load_settings()


@pytest.fixture
def shop(database: Engine, settings: Settings, small_encoder: Encoder) -> ChangingShop:
    filled = ChangingShop(database, settings, small_encoder)
    filled.fill(20)
    filled.publish()
    return filled


@pytest.fixture
def engine(
    shop: ChangingShop, settings: Settings, small_encoder: Encoder
) -> Iterator[SearchEngine]:
    yield from open_engine(settings, small_encoder)


@pytest.fixture
def watch(shop: ChangingShop) -> ChangeWatch:
    return ChangeWatch(shop.database, shop.settings)


class Sender:
    """Sends products as an API client would."""

    def __init__(self, database: Engine, folder: Path) -> None:
        self.database, self.folder = database, folder

    def put(self, sku: str, picture: int, **fields: object) -> None:
        """Send a product with a drawn picture."""
        path = self.folder / f"{sku}-{picture}.png"
        if not path.exists():  # a rewritten file is encoded again
            path.write_bytes(picture_bytes(picture))
        given = ProductFields.model_validate({"title": f"Sent {sku}", "price": "3.50", **fields})
        with session_scope(self.database) as session:
            put_product(session, sku, given, actor="key:feed", pictures=[str(path)])

    def delete(self, sku: str) -> None:
        """Withdraw a product."""
        with session_scope(self.database) as session:
            delete_product(session, sku, actor="key:feed")


@pytest.fixture
def send(database: Engine, tmp_path: Path) -> Sender:
    return Sender(database, tmp_path)


def skus(engine: SearchEngine, **filters: object) -> list[str]:
    """Return the products that look like the first one, without itself."""
    page = engine.similar("SHOP-00000", k=100, fold=False, filters=Filters(**filters))  # type: ignore[arg-type]
    return [hit.product.sku for hit in page.hits]


def test_a_product_comes_changes_and_goes_while_searches_never_fail(
    engine: SearchEngine, watch: ChangeWatch, send: Sender, shop: ChangingShop
) -> None:
    stop, failures = threading.Event(), []

    def search_all_the_time() -> None:
        while not stop.is_set():
            try:
                assert len(skus(engine)) >= 18
            except Exception as error:
                failures.append(error)
                return

    searcher = threading.Thread(target=search_all_the_time)
    working = threading.Thread(target=watch.work)
    searcher.start()
    working.start()
    try:
        send.put("NEW-1", 1)
        wait_until(lambda: "NEW-1" in skus(engine))
        assert skus(engine, max_price_cents=350, min_price_cents=340) == ["NEW-1"]
        send.put("NEW-1", 1, price="9.99", in_stock="no")
        wait_until(lambda: skus(engine, min_price_cents=999) == ["NEW-1"])
        assert skus(engine, in_stock=False) == ["NEW-1"]
        assert engine.similar("NEW-1").hits
        shop.retire(4)
        send.delete("NEW-1")
        wait_until(lambda: not {"NEW-1", "SHOP-00004"} & set(skus(engine)))
    finally:
        watch.stop()
        working.join(WITHIN_S)
        stop.set()
        searcher.join(WITHIN_S)
    assert failures == []
    assert watch.total.failures == 0
    assert (watch.total.changes, watch.total.pictures) == (3, 1)


def test_a_new_picture_replaces_the_old_one(
    engine: SearchEngine, watch: ChangeWatch, send: Sender, small_encoder: Encoder
) -> None:
    send.put("NEW-1", 1)
    watch.work(once=True)
    before = engine.product("NEW-1").image_ids
    send.put("NEW-1", 2)
    watch.work(once=True)
    engine.live.refresh()
    now = engine.product("NEW-1").image_ids
    assert now != before
    columns = engine.answering().generation.columns
    row = int(np.flatnonzero(columns.image_id == now[0])[0])
    assert not np.isin(before, columns.image_id).any()
    with session_scope(watch.database) as session:
        sha256 = session.scalar(select(ProductImage.sha256).where(ProductImage.id == now[0]))
        at = session.get_one(Embedding, (sha256, small_encoder.tag))
        stored = EmbeddingStore(watch.settings.root).read(small_encoder.tag, at.shard)
    assert (engine.answering().generation.vectors[row] == stored.vectors[at.row]).all()


def test_a_refused_change_says_so_and_stops_nothing(watch: ChangeWatch, send: Sender) -> None:
    send.put("NEW-1", 1, price="much")
    send.delete("NOBODY")
    send.put("NEW-2", 2)
    watch.work(once=True)
    assert watch.total.changes == 3
    assert watch.total.refused >= 1
    assert watch.total.deltas >= 1


def add_waiting(database: Engine, address: str, n: int) -> None:
    """Add n products whose picture, the same for all, waits to be encoded."""
    with session_scope(database) as session:
        for number in range(n):
            product = Product(sku=f"BULK-{number}", title="Bulk", source="bulk")
            product.images = [ProductImage(position=0, address=address)]
            session.add(product)


def test_the_newest_pictures_are_encoded_first(
    shop: ChangingShop, watch: ChangeWatch, send: Sender, database: Engine
) -> None:
    """A product that is sent while a whole catalogue waits is encoded before it."""
    picture = send.folder / "bulk.png"
    picture.write_bytes(picture_bytes(50))
    add_waiting(database, str(picture), 3 * PICTURES_A_ROUND)
    send.put("NEW-1", 1)
    watch.round()
    with session_scope(database) as session:
        sent = select(ProductImage.state).join(Product).where(Product.sku == "NEW-1")
        assert session.scalar(sent) == "ready"
        waiting = select(ProductImage.id).where(ProductImage.state == "pending")
        assert len(session.scalars(waiting).all()) == 2 * PICTURES_A_ROUND + 1


def test_a_share_that_is_away_does_not_keep_other_pictures_away(
    shop: ChangingShop, watch: ChangeWatch, send: Sender, database: Engine
) -> None:
    add_waiting(database, str(send.folder / "away.png"), 2 * PICTURES_A_ROUND)
    send.put("NEW-1", 1)
    watch.round()
    assert watch.total.pictures == 1
    assert watch.total.pictures_refused == 0
    assert len(shop.delta().columns) == 1


def test_a_killed_watcher_heals_in_the_next_round(
    shop: ChangingShop, watch: ChangeWatch, settings: Settings
) -> None:
    """Killed while it writes a delta: no reader sees the delta, and the next round removes it."""
    shop.product(1, price_cents=1)
    half = """
import os, signal
import indexer.delta.delta_writer as module
from indexer.delta.change_watch import ChangeWatch
from search.database.connection import open_database
from search.settings import load_settings
module.make_durable = lambda _: os.kill(os.getpid(), signal.SIGKILL)
settings = load_settings()
ChangeWatch(open_database(settings), settings).work(once=True)
"""
    killed = subprocess.run([sys.executable, "-c", half], check=False, timeout=WITHIN_S)
    assert killed.returncode == -signal.SIGKILL
    assert shop.pointed() is None
    assert [path.name[0] for path in shop.deltas.iterdir()] == ["."]

    watch.work(once=True)
    assert [path.name for path in shop.deltas.iterdir()] == [shop.pointed()]
    assert shop.delta().columns.product_id.tolist() == [shop.id(1)]


def test_without_a_generation_changes_are_taken_all_the_same(
    database: Engine, settings: Settings, send: Sender
) -> None:
    send.put("NEW-1", 1)
    watch = ChangeWatch(database, settings)
    watch.work(once=True)
    assert (watch.total.changes, watch.total.deltas, watch.total.failures) == (1, 0, 0)


def test_a_database_that_is_away_is_waited_for(
    shop: ChangingShop, database_url: str, settings: Settings
) -> None:
    watched = create_engine(database_url, pool_pre_ping=True)
    watch = ChangeWatch(watched, settings)
    hide, show = "ALTER TABLE generation RENAME TO away", "ALTER TABLE away RENAME TO generation"
    with capture_logs() as logs:
        with shop.database.begin() as connection:
            connection.execute(text(hide))
        watch.round()
        watch.round()
        with shop.database.begin() as connection:
            connection.execute(text(show))
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> "
                    "pg_backend_pid() AND datname = current_database()"
                )
            )
        shop.database.dispose()
        shop.product(1, price_cents=1)
        watch.round()
    failed = [log["step"] for log in logs if log["event"] == "watch_step_failed"]
    assert failed == ["pictures", "delta"]  # each was logged once
    assert watch.total.deltas == 1
    watched.dispose()


def test_a_damaged_shard_is_encoded_again(
    shop: ChangingShop, watch: ChangeWatch, send: Sender, settings: Settings, small_encoder: Encoder
) -> None:
    send.put("NEW-1", 1)
    watch._take(watch.total)
    BatchEncoder(shop.database, settings, small_encoder).run_newest(9)
    newest = max(settings.root.glob("embeddings/*/*"), key=lambda path: path.stat().st_mtime_ns)
    flip_byte(newest)
    watch.round()
    assert watch.total.failures == 1
    watch.round()
    assert watch.total.pictures == 1
    assert len(shop.delta().columns) == 1


def test_a_watcher_beside_another_does_no_harm(shop: ChangingShop, watch: ChangeWatch) -> None:
    other = ChangeWatch(shop.database, shop.settings)
    shop.product(1, price_cents=1)
    threads = [threading.Thread(target=one.round) for one in (watch, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WITHIN_S)
    assert watch.total.failures == other.total.failures == 0
    assert watch.total.deltas + other.total.deltas == 1


def test_status_says_what_lies_over_the_index(shop: ChangingShop, settings: Settings) -> None:
    small = settings.model_copy(update={"delta_limit": 1})
    shop.product(1, price_cents=1)
    shop.product(2, price_cents=1)
    ChangeWatch(shop.database, small).work(once=True)
    status = read_status(shop.database, settings)
    assert not status.freshness.attended
    assert status.freshness.delta is not None
    assert (status.freshness.delta.products, status.freshness.delta.waiting) == (1, 1)
    concerns = {each.subject: each.found for each in find_concerns(status, settings)}
    assert concerns["delta"] == "1 changed product is not in searches yet: the delta is full."


@pytest.mark.timeout(300)
def test_the_command_works_until_sigterm(
    shop: ChangingShop, engine: SearchEngine, send: Sender
) -> None:
    command = [*COMMAND, "--every", "0.1", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=dict(os.environ)) as process:
        try:
            send.put("NEW-1", 1)
            wait_until(lambda: "NEW-1" in skus(engine))
            with session_scope(shop.database) as session:
                assert read_freshness(session).attended
        finally:
            process.send_signal(signal.SIGTERM)
        told, _ = process.communicate(timeout=WITHIN_S)
    assert process.returncode == 0
    said = json.loads(told)
    assert (said["changes"], said["pictures"], said["failures"]) == (1, 1, 0)
    assert said["deltas"] >= 1
