"""Waiting for something that another process or thread does."""

import time
from collections.abc import Callable

import pytest

PATIENCE_S = 100.0
"""Longer than anything takes on a busy machine, shorter than a test's timeout."""


def wait_until(
    condition: Callable[[], bool],
    what: str = "what the test waits for",
    *,
    within_s: float = PATIENCE_S,
) -> None:
    """Check a condition again and again until it holds; fail the test if it never does."""
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"not within {within_s:.0f} s: {what}")
        time.sleep(0.02)
