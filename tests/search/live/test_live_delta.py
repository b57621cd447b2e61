"""Readers lay each new delta over the live generation, and no request fails because of it."""

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine
from structlog.testing import capture_logs

from search.encoder import Encoder
from search.index.generation_files import VECTORS
from search.live.generation_loader import LiveGenerations
from search.live.model_pairing import ModelPairing
from search.settings import Settings
from tests.support.factories import clustered_vectors
from tests.support.waiting import wait_until
from tests.support.written_deltas import point_to, put_delta
from tests.support.written_generations import flip_byte, make_live, write_generation

REFRESH_S = 0.05
WITHIN_S = 60.0
N = 1100


class Published:
    """A live generation and its deltas."""

    def __init__(self, database: Engine, settings: Settings, encoder: Encoder) -> None:
        self.database, self.root, self.encoder = database, settings.root, encoder
        self.id = self.generation("base")

    def generation(self, name: str, n: int = N) -> int:
        """Make a generation live."""
        vectors = clustered_vectors(n, self.encoder.dim, seed=n)
        directory = self.root / "generations" / name
        write_generation(directory, vectors, model_tag=self.encoder.tag)
        return make_live(self.database, name)

    def delta(self, number: int, n: int, *dead: int) -> Path:
        """Write a delta of n new products, and let searchers see it."""
        vectors = clustered_vectors(n, self.encoder.dim, seed=number)
        directory = put_delta(self.root, "base", f"base-{number:06d}", vectors, dead=dead)
        point_to(self.database, self.id, directory)
        return directory


@pytest.fixture
def published(database: Engine, settings: Settings, small_encoder: Encoder) -> Published:
    return Published(database, settings, small_encoder)


@pytest.fixture
def live(
    published: Published, database: Engine, settings: Settings, small_encoder: Encoder
) -> Iterator[LiveGenerations]:
    pairing = ModelPairing(settings, at_hand=(small_encoder,))
    watched = LiveGenerations(database, settings.root, REFRESH_S, pairing)
    yield watched
    watched.close()


def rows(live: LiveGenerations) -> int:
    return len(live.current().vectors)


def test_deltas_come_grow_and_go(live: LiveGenerations, published: Published) -> None:
    first = live.answering()
    published.delta(1, 2)
    wait_until(lambda: rows(live) == N + 2)
    published.delta(2, 5, 0, 1)
    wait_until(lambda: rows(live) == N + 5)
    assert 0 not in live.current().columns.product_id
    point_to(published.database, published.id, None)
    wait_until(lambda: rows(live) == N)
    assert 0 in live.current().columns.product_id
    assert live.answering().composer is first.composer  # with its cache of photos


def test_a_delta_is_there_with_the_first_generation(
    published: Published, database: Engine, settings: Settings, small_encoder: Encoder
) -> None:
    published.delta(1, 2)
    pairing = ModelPairing(settings, at_hand=(small_encoder,))
    live = LiveGenerations(database, settings.root, 60, pairing)
    assert rows(live) == N + 2
    live.close()


def test_another_generation_leaves_the_delta_behind(
    live: LiveGenerations, published: Published
) -> None:
    published.delta(1, 2)
    wait_until(lambda: rows(live) == N + 2)
    published.generation("next", 40)
    wait_until(lambda: rows(live) == 40)
    assert live.current().overlay is None


def test_a_damaged_delta_is_said_once_and_the_last_good_one_goes_on(
    live: LiveGenerations, published: Published
) -> None:
    published.delta(1, 2)
    wait_until(lambda: rows(live) == N + 2)
    with capture_logs() as logs:
        vectors = clustered_vectors(9, published.encoder.dim)
        broken = put_delta(published.root, "base", "base-000002", vectors)
        flip_byte(broken / VECTORS)
        point_to(published.database, published.id, broken)
        wait_until(lambda: any(log["event"] == "delta_unreadable" for log in logs))
        time.sleep(4 * REFRESH_S)
    assert rows(live) == N + 2
    complaints = [log for log in logs if log["event"] == "delta_unreadable"]
    assert len(complaints) == 1  # not one per check
    assert "vectors.f16 of delta base-000002" in complaints[0]["error"]

    published.delta(3, 4)
    wait_until(lambda: rows(live) == N + 4)


def test_a_generation_answers_without_its_damaged_delta(
    published: Published, database: Engine, settings: Settings, small_encoder: Encoder
) -> None:
    directory = published.delta(1, 2)
    shutil.rmtree(directory)
    pairing = ModelPairing(settings, at_hand=(small_encoder,))
    live = LiveGenerations(database, settings.root, REFRESH_S, pairing)
    try:
        assert rows(live) == N
        published.delta(2, 3)
        wait_until(lambda: rows(live) == N + 3)
    finally:
        live.close()


def test_no_search_fails_while_deltas_come_and_go(
    live: LiveGenerations, published: Published
) -> None:
    """Searches run all the time, and each delta is removed as soon as readers see the next."""
    stop, failures, seen = threading.Event(), [], set()

    def search_all_the_time() -> None:
        while not stop.is_set():
            try:
                generation = live.current()
                query = np.asarray(generation.vectors[-1], dtype=np.float32)
                found = generation.candidates(query, 20)
                assert len(found.rows) == 20
                assert len(generation.vectors) - 1 in found.rows
                assert (generation.columns.product_id[found.rows] >= 0).all()
                seen.add(len(generation.vectors))
            except Exception as error:
                failures.append(error)
                return

    searchers = [threading.Thread(target=search_all_the_time) for _ in range(4)]
    for searcher in searchers:
        searcher.start()
    before = None
    for i in range(1, 8):
        directory = published.delta(i, 3 * i, *range(20 * i))
        wait_until(lambda i=i: rows(live) == N + 3 * i)  # type: ignore[misc]
        if before is not None:
            shutil.rmtree(before)
        before = directory
    wait_until(lambda: N + 21 in seen or bool(failures))
    stop.set()
    for searcher in searchers:
        searcher.join(WITHIN_S)
    assert failures == []
    assert len(seen) > 2
