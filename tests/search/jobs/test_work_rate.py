"""Rates cover the last minute, and need few samples."""

import pytest

from search.jobs.work_rate import WINDOW_S, add_sample, rate_of


def test_only_the_last_minute_counts() -> None:
    samples: list[list[float]] = [[0.0, 0]]
    for second in range(1, 601):  # 10 a second for 9 minutes, then 2
        done = 10 * second if second <= 540 else 5400 + 2 * (second - 540)
        samples = add_sample(samples, second, done)

    assert rate_of(samples, 600) == pytest.approx(2, rel=0.2)
    assert len(samples) <= 14


def test_steps_that_take_minutes_have_a_rate() -> None:
    samples = add_sample(add_sample([[0.0, 0]], 300, 64), 600, 128)

    assert rate_of(samples, 600) == pytest.approx(64 / 300)


def test_work_that_stands_still_gets_slower() -> None:
    samples = add_sample([[0.0, 0]], 10, 100)

    assert rate_of(samples, 10) == 10
    assert rate_of(samples, 10 + 3 * WINDOW_S) == pytest.approx(100 / 190)


@pytest.mark.parametrize("samples", [[], [[5.0, 0]], [[0.0, 7], [5.0, 7]]])
def test_nothing_done_has_no_rate(samples: list[list[float]]) -> None:
    assert rate_of(samples, 60) is None
