"""Only one process holds a lock at a time, and a dead process holds none."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, create_engine

from search.database.advisory_locks import exclusively
from search.errors import AlreadyRunning

WITHIN_S = 20.0
HOLDER = """
import sys, time
from sqlalchemy import create_engine
from search.database.advisory_locks import exclusively
database = create_engine(sys.argv[1], connect_args={"application_name": "findalike-build"})
with exclusively(database, "build"):
    print("held", flush=True)
    time.sleep(60)
"""


@contextmanager
def another_process(database_url: str) -> Iterator[subprocess.Popen[str]]:
    """Let another process hold the lock `build`; it is killed at the end."""
    arguments = [sys.executable, "-c", HOLDER, database_url]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def other(database_url: str) -> Iterator[Engine]:
    """Another pool of connections to the same database."""
    engine = create_engine(database_url, connect_args={"application_name": "findalike-other"})
    yield engine
    engine.dispose()


def test_the_second_is_told_who_is_at_work(database: Engine, database_url: str) -> None:
    with (
        another_process(database_url),
        pytest.raises(AlreadyRunning, match=r"Another build is at work: findalike-build.*since 20"),
        exclusively(database, "build"),
    ):
        pytest.fail("the lock was given twice")


def test_a_killed_holder_lets_go(database: Engine, database_url: str) -> None:
    with another_process(database_url):
        pass

    deadline = time.monotonic() + WITHIN_S
    while True:  # the server needs a moment to notice the closed connection
        try:
            with exclusively(database, "build"):
                return
        except AlreadyRunning:
            assert time.monotonic() < deadline
            time.sleep(0.01)


def test_other_work_is_not_in_the_way(database: Engine, other: Engine) -> None:
    with exclusively(database, "build"), exclusively(other, "publication"):
        pass


def test_the_lock_is_free_again_after_an_error(database: Engine, other: Engine) -> None:
    def work() -> None:
        with exclusively(database, "build"):
            raise ValueError("in the middle of it")

    with pytest.raises(ValueError, match="in the middle of it"):
        work()

    with exclusively(other, "build"):
        pass
