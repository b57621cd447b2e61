"""A kept value is read once while it is good."""

import threading
import time

import pytest

from search.operation.kept_value import Kept


def test_it_is_read_once_until_it_is_forgotten() -> None:
    numbers = iter(range(9))
    kept = Kept(lambda: next(numbers), 1000)
    assert [kept.get(), kept.get()] == [0, 0]
    kept.forget()
    assert kept.get() == 1


def test_it_is_read_again_when_it_is_old() -> None:
    numbers = iter(range(9))
    kept = Kept(lambda: next(numbers), 0)
    assert [kept.get(), kept.get()] == [0, 1]


def test_many_threads_read_it_once() -> None:
    reads = []

    def read() -> int:
        time.sleep(0.05)
        reads.append(1)
        return len(reads)

    kept = Kept(read, 1000)
    threads = [threading.Thread(target=kept.get) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert reads == [1]


def test_what_fails_is_not_kept() -> None:
    answers = iter([ValueError("away"), 7])

    def read() -> int:
        answer = next(answers)
        if isinstance(answer, ValueError):
            raise answer
        return answer

    kept = Kept(read, 1000)
    with pytest.raises(ValueError, match="away"):
        kept.get()
    assert kept.get() == 7
