"""Readers notice a new generation by themselves, and no request fails because of it."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from sqlalchemy import Engine, create_engine, text
from structlog.testing import capture_logs

from search.database.connection import session_scope
from search.database.models import GenerationRow
from search.encoder import Encoder
from search.errors import NoGeneration
from search.index.generation_files import INDEX, Generation
from search.live.generation_loader import LiveGenerations
from search.live.model_pairing import ModelPairing
from search.settings import Settings
from tests.support.factories import clustered_vectors
from tests.support.waiting import wait_until
from tests.support.written_generations import make_live, write_generation

REFRESH_S = 0.05
WITHIN_S = 20.0


@pytest.fixture
def pairing(settings: Settings, small_encoder: Encoder) -> ModelPairing:
    return ModelPairing(settings, at_hand=(small_encoder,))


@pytest.fixture
def live(database: Engine, settings: Settings, pairing: ModelPairing) -> Iterator[LiveGenerations]:
    watched = LiveGenerations(database, settings.root, REFRESH_S, pairing)
    yield watched
    watched.close()


@pytest.fixture
def publish(
    database: Engine, settings: Settings, small_encoder: Encoder
) -> Callable[[str, int], int]:
    """Write a generation of n vectors and make it live."""

    def publish(name: str, n: int) -> int:
        directory = settings.root / "generations" / name
        vectors = clustered_vectors(n, small_encoder.dim, seed=n)
        write_generation(directory, vectors, model_tag=small_encoder.tag)
        return make_live(database, name)

    return publish


def wait_for(live: LiveGenerations, generation_id: int) -> Generation:
    deadline = time.monotonic() + WITHIN_S
    while live.current().id != generation_id:
        if time.monotonic() > deadline:
            pytest.fail(f"generation {generation_id} was not noticed")
        time.sleep(0.01)
    return live.current()


def test_nothing_published_says_what_to_do(live: LiveGenerations) -> None:
    with pytest.raises(NoGeneration, match="findalike reindex"):
        live.current()


def test_the_first_generation_is_there_at_once(
    live: LiveGenerations, publish: Callable[[str, int], int]
) -> None:
    """A request need not wait for the watcher's next check."""
    live.close()

    first = publish("first", 20)

    assert live.current().id == first


def test_a_new_generation_is_noticed(
    live: LiveGenerations, publish: Callable[[str, int], int]
) -> None:
    assert len(wait_for(live, publish("first", 20)).vectors) == 20
    assert len(wait_for(live, publish("second", 30)).vectors) == 30


def test_going_back_is_noticed(
    live: LiveGenerations, publish: Callable[[str, int], int], database: Engine
) -> None:
    first, second = publish("first", 20), publish("second", 30)
    wait_for(live, second)

    with session_scope(database) as session:
        session.get_one(GenerationRow, second).state = "retired"
        session.flush()
        session.get_one(GenerationRow, first).state = "live"

    assert len(wait_for(live, first).vectors) == 20


def test_no_search_fails_while_generations_come_and_go(
    live: LiveGenerations,
    publish: Callable[[str, int], int],
    settings: Settings,
) -> None:
    """Searches run all the time, and each generation is removed as soon as the next is live."""
    wait_for(live, publish("generation-0", 1100))
    stop, failures, seen = threading.Event(), [], set()

    def search_all_the_time() -> None:
        while not stop.is_set():
            try:
                generation = live.current()
                query = np.asarray(generation.vectors[-1], dtype=np.float32)
                found = generation.candidates(query, 20)
                assert len(found.rows) == 20
                assert generation.exact(query, 1).similarities[0] > 0.99
                seen.add(generation.id)
            except Exception as error:
                failures.append(error)
                return

    searchers = [threading.Thread(target=search_all_the_time) for _ in range(4)]
    for searcher in searchers:
        searcher.start()
    published = []
    for i in range(1, 6):
        published.append(publish(f"generation-{i}", 1100 + 10 * i))
        wait_for(live, published[-1])
        shutil.rmtree(settings.root / "generations" / f"generation-{i - 1}")
    wait_until(lambda: published[-1] in seen or bool(failures))
    stop.set()
    for searcher in searchers:
        searcher.join(WITHIN_S)

    assert failures == []
    assert {published[0], published[-1]} <= seen


def test_an_unreadable_generation_leaves_the_old_one_at_work(
    live: LiveGenerations,
    publish: Callable[[str, int], int],
    database: Engine,
    settings: Settings,
    small_encoder: Encoder,
) -> None:
    first = publish("first", 20)
    wait_for(live, first)
    with capture_logs() as logs:
        broken = settings.root / "generations" / "broken"
        vectors = clustered_vectors(25, small_encoder.dim)
        write_generation(broken, vectors, model_tag=small_encoder.tag)
        whole = (broken / INDEX).read_bytes()
        (broken / INDEX).write_bytes(bytes(len(whole)))
        second = make_live(database, "broken")
        wait_until(lambda: any(log["event"] == "live_generation_unreadable" for log in logs))
        time.sleep(4 * REFRESH_S)

    assert live.current().id == first
    complaints = [log for log in logs if log["event"] == "live_generation_unreadable"]
    assert len(complaints) == 1  # not one per check
    assert "index.faiss of generation broken can't be read" in complaints[0]["error"]

    (broken / INDEX).write_bytes(whole)
    wait_for(live, second)


def test_a_missing_directory_leaves_the_old_one_at_work(
    live: LiveGenerations, publish: Callable[[str, int], int], database: Engine
) -> None:
    first = publish("first", 20)
    wait_for(live, first)

    make_live(database, "nowhere")
    live.refresh()

    assert live.current().id == first


def test_a_database_that_is_away_leaves_the_old_one_at_work(
    publish: Callable[[str, int], int],
    settings: Settings,
    database_url: str,
    database: Engine,
    pairing: ModelPairing,
) -> None:
    first = publish("first", 20)
    watching = create_engine(database_url)
    live = LiveGenerations(watching, settings.root, REFRESH_S, pairing)
    hidden = "ALTER TABLE generation RENAME TO away"
    try:
        with capture_logs() as logs:
            _execute(database, hidden)
            wait_until(lambda: any(log["event"] == "live_pointer_unreadable" for log in logs))
            time.sleep(4 * REFRESH_S)
            assert live.current().id == first
        assert [log["event"] for log in logs].count("live_pointer_unreadable") == 1
        _execute(database, "ALTER TABLE away RENAME TO generation")
        wait_for(live, publish("second", 30))
    finally:
        live.close()
        watching.dispose()


def test_broken_connections_are_replaced(
    live: LiveGenerations, publish: Callable[[str, int], int], database: Engine
) -> None:
    wait_for(live, publish("first", 20))

    _execute(
        database,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )

    wait_for(live, publish("second", 30))


def test_closing_stops_the_watcher(live: LiveGenerations) -> None:
    def watchers() -> int:
        return [thread.name for thread in threading.enumerate()].count("live-generation")

    before = watchers()
    live.close()

    assert watchers() == before - 1


def _execute(database: Engine, statement: str) -> None:
    with database.begin() as connection:
        connection.execute(text(statement))
