"""A circuit breaker opens, allows trials, and gives up, by counts and a clock."""

import pytest

from indexer.fetching.circuit_breaker import HostBreakers, Patience

HOST, OTHER = "pictures.example", "other.example"


class Clock:
    """A clock that a test moves."""

    now = 0.0

    def __call__(self) -> float:  # noqa: D102  (it says what time it is)
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breakers(clock: Clock) -> HostBreakers:
    return HostBreakers(Patience(failures=3, pause_s=10, trials=2), clock)


def fail(breakers: HostBreakers, times: int, host: str = HOST) -> None:
    for _ in range(times):
        breakers.note(host, "timeout")


def test_failures_in_a_row_open_it(breakers: HostBreakers) -> None:
    fail(breakers, 2)
    breakers.note(HOST, None)
    fail(breakers, 2)
    assert breakers.may_ask(HOST)
    fail(breakers, 1)

    assert not breakers.may_ask(HOST)
    assert breakers.unavailable_hosts() == breakers.open_hosts() == {HOST}
    assert breakers.may_ask(OTHER)
    assert breakers.next_trial_s() == 10


def test_one_trial_after_the_pause(breakers: HostBreakers, clock: Clock) -> None:
    fail(breakers, 3)
    clock.now = 10

    assert breakers.unavailable_hosts() == set()
    assert breakers.next_trial_s() is None  # the pause is over
    assert breakers.may_ask(HOST)
    assert not breakers.may_ask(HOST)
    breakers.note(HOST, None)
    assert breakers.may_ask(HOST)
    assert breakers.open_hosts() == set()


def test_failed_trials_give_a_host_up(breakers: HostBreakers, clock: Clock) -> None:
    fail(breakers, 3)
    for trial in (1, 2):
        assert breakers.given_up() == {}
        clock.now = 10 * trial
        assert breakers.may_ask(HOST)
        breakers.note(HOST, "http_503")

    clock.now = 1000
    assert not breakers.may_ask(HOST)
    assert breakers.given_up() == {HOST: "http_503"}
    assert breakers.next_trial_s() is None


def test_failures_that_were_under_way_are_no_trials(breakers: HostBreakers, clock: Clock) -> None:
    """Other threads had started before the breaker opened."""
    fail(breakers, 3)
    clock.now = 5
    fail(breakers, 4)

    assert breakers.given_up() == {}
    assert breakers.next_trial_s() == 5


def test_hosts_wait_for_themselves(breakers: HostBreakers, clock: Clock) -> None:
    fail(breakers, 3)
    clock.now = 4
    fail(breakers, 3, OTHER)

    assert breakers.next_trial_s() == 6
    clock.now = 10
    assert breakers.unavailable_hosts() == {OTHER}
    assert breakers.next_trial_s() == 4
