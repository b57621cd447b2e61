"""Keys as requests show them, checked without asking the database each time."""

import threading
import time
from collections.abc import Callable

from sqlalchemy import Engine

from search.database.connection import answer_from
from web.accounts.api_keys import KeyView, digest_of, find_key

MOST_KEPT = 4096
"""Answers that are remembered, wrong keys among them, so that guessing fills no memory."""


class KeyRing:
    """Looks keys up, and remembers each answer for a moment. Safe to share between threads.

    Args:
        database: Where keys are.
        keep_s: Seconds that an answer counts; a revoked key opens things for as long.
        clock: Monotonic seconds.
    """

    def __init__(
        self, database: Engine, *, keep_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._database, self._keep_s, self._clock = database, keep_s, clock
        self._known: dict[str, tuple[float, KeyView | None]] = {}
        self._lock = threading.Lock()

    def find(self, secret: str) -> KeyView | None:
        """Return the key that a secret opens, None where it is wrong or revoked."""
        digest, now = digest_of(secret), self._clock()
        with self._lock:
            asked_at, key = self._known.get(digest, (-float("inf"), None))
        if now - asked_at < self._keep_s:
            return key
        key = answer_from(self._database, lambda session: find_key(session, digest))
        with self._lock:
            if len(self._known) >= MOST_KEPT:
                self._known.clear()
            self._known[digest] = (now, key)
        return key
