"""The shop's status is read once, and reused while it is fresh."""

import threading
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from search.settings import Settings
from web.monitoring import shop_monitor
from web.monitoring.shop_monitor import ShopMonitor

Make = Callable[[Callable[[], int]], Any]


@pytest.fixture
def watching(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Make a monitor whose statuses are plain numbers."""

    def make(read: Callable[[], int]) -> ShopMonitor:
        monkeypatch.setattr(shop_monitor, "read_status", lambda *_, **__: read())
        return ShopMonitor(settings, SimpleNamespace(database=None))

    return make


def test_it_is_read_once_until_it_is_forgotten(watching: Make) -> None:
    monitor = watching(iter(range(9)).__next__)
    assert [monitor.status(), monitor.status()] == [0, 0]
    monitor.forget()
    assert monitor.status() == 1


def test_it_is_read_again_when_it_is_old(watching: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shop_monitor, "STATUS_FOR_S", 0)
    monitor = watching(iter(range(9)).__next__)
    assert [monitor.status(), monitor.status()] == [0, 1]


def test_many_threads_read_it_once(watching: Make) -> None:
    reads = []

    def read() -> int:
        time.sleep(0.05)
        reads.append(1)
        return len(reads)

    monitor = watching(read)
    threads = [threading.Thread(target=monitor.status) for _ in range(8)]
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

    monitor = watching(read)
    with pytest.raises(ValueError, match="away"):
        monitor.status()
    assert monitor.status() == 7


def test_what_was_being_read_before_a_change_is_not_kept(watching: Make) -> None:
    begun, changed = threading.Event(), threading.Event()
    numbers = iter(range(9))

    def read() -> int:
        number = next(numbers)
        if number == 0:
            begun.set()
            assert changed.wait(10)
        return number

    monitor = watching(read)
    before = threading.Thread(target=monitor.status)
    before.start()
    assert begun.wait(10)
    monitor.forget()
    changed.set()
    before.join()

    assert [monitor.status(), monitor.status()] == [1, 1]
