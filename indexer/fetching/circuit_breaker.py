"""A circuit breaker for each host of pictures: a host that fails again and again is not asked.

While the breaker is closed, the host is asked. After some failures in a row the breaker opens: the
host is not asked for a while. Then one request is a trial. It closes the breaker, or opens it for
as long again. After some failed trials the host is given up. As in Nygard, Release It! (2nd edition
2018, chapter 5).

No maintained library fits: pybreaker holds its lock for the time of a call, so requests to one host
would wait for each other, and no library limits the trials.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """How often a host may fail."""

    failures: int = 5  # in a row, until its breaker opens
    pause_s: float = 15.0  # from then until a trial
    trials: int = 2  # failed ones, until the host is given up


@dataclass(slots=True)
class _Host:
    failures: int = 0
    trials: int = 0  # failed ones
    reason: str = ""  # of the last failure
    opened_at: float | None = None  # None: the breaker is closed
    trying: bool = False


class HostBreakers:
    """The breakers of all hosts that failed lately; any thread may use them.

    Args:
        patience: When they open, and when a host is given up.
        clock: Monotonic seconds.
    """

    def __init__(
        self, patience: Patience | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._patience, self._clock = patience or Patience(), clock
        self._hosts: dict[str, _Host] = {}
        self._lock = threading.Lock()

    def may_ask(self, host: str) -> bool:
        """Return whether a host may be asked now; the caller must `note` what came of asking."""
        with self._lock:
            found = self._hosts.get(host)
            if found is None or found.opened_at is None:
                return True
            if self._is_unavailable(found):
                return False
            found.trying = True
            return True

    def note(self, host: str, failure: str | None) -> None:
        """Note what came of asking a host.

        Args:
            host: Which host.
            failure: Why it failed, for a reason that may pass; None: it answered.
        """
        with self._lock:
            if failure is None:
                self._hosts.pop(host, None)
                return
            found = self._hosts.setdefault(host, _Host())
            found.failures += 1
            found.reason = failure
            if found.trying:
                found.trials += 1
                found.trying, found.opened_at = False, self._clock()
            elif found.opened_at is None and found.failures >= self._patience.failures:
                found.opened_at = self._clock()

    def open_hosts(self) -> set[str]:
        """Return the hosts whose breaker is not closed."""
        with self._lock:
            return {name for name, host in self._hosts.items() if host.opened_at is not None}

    def unavailable_hosts(self) -> set[str]:
        """Return the hosts that must not be asked now."""
        with self._lock:
            return {name for name, host in self._hosts.items() if self._is_unavailable(host)}

    def given_up(self) -> dict[str, str]:
        """Return the hosts that get no further trial, each with the reason of its last failure."""
        with self._lock:
            return {
                name: host.reason for name, host in self._hosts.items() if self._is_given_up(host)
            }

    def next_trial_s(self) -> float | None:
        """Return the seconds until a host gets a trial; None where no host waits for one."""
        with self._lock:
            now = self._clock()
            waits = [
                host.opened_at + self._patience.pause_s - now
                for host in self._hosts.values()
                if host.opened_at is not None and not self._is_given_up(host)
            ]
            return min((wait for wait in waits if wait > 0), default=None)

    def _is_given_up(self, host: _Host) -> bool:
        return host.opened_at is not None and host.trials >= self._patience.trials

    def _is_unavailable(self, host: _Host) -> bool:
        if host.opened_at is None:
            return False
        resting = self._clock() < host.opened_at + self._patience.pause_s
        return host.trying or resting or self._is_given_up(host)
