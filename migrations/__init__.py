"""Alembic migrations of the database schema.

Run by `findalike migrate`, and at every start where the embedded PostgreSQL is used.
"""

from collections.abc import MutableMapping
from typing import Any, Final

LOCK_KEY: Final = 7_163_254_081  # of the advisory lock: only one process migrates at a time
FOREIGN_PREFIXES: Final = ("kombu_", "celery_")


def is_ours(name: str | None, kind: str, _parents: MutableMapping[Any, str | None]) -> bool:
    """Return whether migrations manage a table.

    Celery and its message transport keep tables of their own in the same database.
    """
    return kind != "table" or name is None or not name.startswith(FOREIGN_PREFIXES)
