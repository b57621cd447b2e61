"""The shop's status is read once, and reused while it is fresh."""

import threading
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from search.settings import Settings
from web.monitoring import shop_state
from web.monitoring.shop_state import ShopWatch

Make = Callable[[Callable[[], int]], Any]


@pytest.fixture
def watching(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Make a watch whose statuses are plain numbers."""

    def make(read: Callable[[], int]) -> ShopWatch:
        monkeypatch.setattr(shop_state, "read_status", lambda *_, **__: read())
        return ShopWatch(settings, SimpleNamespace(database=None))

    return make


def test_it_is_read_once_until_it_is_forgotten(watching: Make) -> None:
    watch = watching(iter(range(9)).__next__)
    assert [watch.status(), watch.status()] == [0, 0]
    watch.look_again()
    assert watch.status() == 1


def test_it_is_read_again_when_it_is_old(watching: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shop_state, "STATUS_FOR_S", 0)
    watch = watching(iter(range(9)).__next__)
    assert [watch.status(), watch.status()] == [0, 1]


def test_many_threads_read_it_once(watching: Make) -> None:
    reads = []

    def read() -> int:
        time.sleep(0.05)
        reads.append(1)
        return len(reads)

    watch = watching(read)
    threads = [threading.Thread(target=watch.status) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert reads == [1]


def test_what_fails_is_not_kept(watching: Make) -> None:
    answers = iter([ValueError("away"), 7])

    def read() -> int:
        answer = next(answers)
        if isinstance(answer, ValueError):
            raise answer
        return answer

    watch = watching(read)
    with pytest.raises(ValueError, match="away"):
        watch.status()
    assert watch.status() == 7


def test_what_was_being_read_before_a_change_is_not_kept(watching: Make) -> None:
    begun, changed = threading.Event(), threading.Event()
    numbers = iter(range(9))

    def read() -> int:
        number = next(numbers)
        if number == 0:
            begun.set()
            assert changed.wait(10)
        return number

    watch = watching(read)
    before = threading.Thread(target=watch.status)
    before.start()
    assert begun.wait(10)
    watch.look_again()
    changed.set()
    before.join()

    assert [watch.status(), watch.status()] == [1, 1]
