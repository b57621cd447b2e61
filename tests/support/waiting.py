"""Waiting for what another process or thread is about to do."""

import time
from collections.abc import Callable

import pytest

PATIENCE_S = 100.0
"""Longer than anything takes on a busy machine, shorter than a test may last."""


def wait_until(
    condition: Callable[[], bool],
    what: str = "what the test waits for",
    *,
    within_s: float = PATIENCE_S,
) -> None:
    """Ask again and again until a condition holds; fail the test where it never does."""
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"not within {within_s:.0f} s: {what}")
        time.sleep(0.02)
