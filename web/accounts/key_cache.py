"""Remembers the keys of requests for a moment, so that not every request asks the database."""

import threading
import time
from collections.abc import Callable

from cachetools import TTLCache, cached
from sqlalchemy import Engine

from search.database.connection import answer_from
from web.accounts.api_keys import KeyView, digest_of, find_key

MOST_KEPT = 4096
"""Answers that are remembered. Anyone can send wrong keys, so there is a bound."""


class KeyCache:
    """Looks keys up, and remembers each answer for a moment. Safe to share between threads.

    Args:
        database: Where keys are.
        keep_s: Seconds for which an answer is remembered. A revoked key works as long.
        clock: Monotonic seconds.
    """

    def __init__(
        self, database: Engine, *, keep_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._known: TTLCache[str, KeyView | None, float] = TTLCache(MOST_KEPT, keep_s, clock)
        self._find = cached(self._known, lock=threading.Lock())(self._look_up)

    def find(self, secret: str) -> KeyView | None:
        """Return the key of a secret; None where it is wrong or revoked."""
        return self._find(digest_of(secret))

    def _look_up(self, digest: str) -> KeyView | None:
        return answer_from(self._database, lambda session: find_key(session, digest))
