"""A small shop in service, for fault tests: its own database and worker, and shoppers all along.

Runs that a test kills are processes of their own, forked from a server that has imported everything
and started no thread. The other runs happen in this process.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import Engine, select

from indexer.nightly.reindex_run import Reindex
from scripts.soaking.invariant import find_wrong_after_run, find_wrong_now
from scripts.soaking.killing import kill_postmaster
from scripts.soaking.shop_processes import CONTEXT
from scripts.soaking.soaked_shop import SoakedShop
from search.database.connection import is_lost_connection, session_scope
from search.database.embedded.postgres_processes import find_postmaster
from search.database.models import Job
from search.engine.search_engine import SearchEngine
from search.errors import FindalikeError
from search.files.atomic_files import write_whole
from search.jobs.workers import worker_connections
from search.results import Query
from search.settings import Settings

WITHIN_S = 120.0
ENDED_WRONG = 1


@dataclass(slots=True)
class Shoppers:
    """Searches all the time, and records failures."""

    engine: SearchEngine
    searches: int = 0
    failures: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def search(self) -> None:
        """Search until `over` is set."""
        while not self.over.wait(0.2):
            try:
                if not self.engine.search(Query(text="red plate")).hits:
                    self.failures.append("nothing found")
            except Exception as error:  # no search may fail, for whatever reason
                self.failures.append(f"{type(error).__name__}: {error}")
            self.searches += 1


@dataclass(slots=True)
class Service:
    """The shop, its database and its shoppers."""

    settings: Settings
    shop: SoakedShop
    database: Engine
    shoppers: Shoppers

    def reindex(self, **limits: int) -> ForkServerProcess:
        """Start a run in a process of its own, under limits of `resource` such as `fsize=4096`."""
        values = self.settings.model_dump()
        process = CONTEXT.Process(target=_run, args=(values, str(self.shop.catalogue), limits))
        process.start()
        return process

    def run_undisturbed(self, **options: bool) -> dict[str, Any]:
        """Let a run finish undisturbed, check that nothing is wrong, and return its report."""
        report = Reindex(self.settings, quiet=True, **options).run([str(self.shop.catalogue)])
        home, catalogue = self.settings.root, self.shop.catalogue
        assert find_wrong_after_run(self.database, home, catalogue, report) == []
        self.check_now()
        return report

    def check_now(self) -> None:
        """Check what holds whatever was killed: the live generation is whole, no search failed."""
        assert find_wrong_now(self.database, self.settings.root) == []
        assert self.shoppers.failures == []

    def wait_for(self, stage: str, run: ForkServerProcess) -> bool:
        """Wait until a job is at a stage; return False if the run ended first."""
        at_work = select(Job.report["stage"].astext).where(Job.state == "running")
        deadline = time.monotonic() + WITHIN_S
        while run.is_alive():
            assert time.monotonic() < deadline, f"the run never came to {stage!r}"
            with session_scope(self.database) as session:
                if stage in session.scalars(at_work).all():
                    return True
            time.sleep(0.01)
        return False

    def kill(self, process: ForkServerProcess) -> None:
        """Kill a run as the kernel does when memory is short."""
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join(WITHIN_S)

    def kill_database(self) -> None:
        """Kill PostgreSQL in the same way."""
        postmaster = find_postmaster(self.settings.root / "postgres")
        assert postmaster is not None
        kill_postmaster(postmaster)

    def worker(self) -> psutil.Process:
        """Return the worker process, once it is connected to the database."""
        deadline = time.monotonic() + WITHIN_S
        while time.monotonic() < deadline:
            with session_scope(self.database) as session:
                known = {worker.pid for worker in worker_connections(session)}
            for child in psutil.Process().children(recursive=True):
                if child.pid in known:
                    return child
            time.sleep(0.05)
        raise TimeoutError("no worker came back")


def _run(values: Mapping[str, Any], catalogue: str, limits: Mapping[str, int]) -> None:
    """Run once; the body of a process of its own."""
    import resource
    import sys

    for name, limit in limits.items():
        kind = getattr(resource, f"RLIMIT_{name.upper()}")
        resource.setrlimit(kind, (limit, resource.getrlimit(kind)[1]))
    try:
        Reindex(Settings(**values), quiet=True).run([catalogue])
    except (FindalikeError, OSError) as error:
        print(error, file=sys.stderr)
        sys.exit(ENDED_WRONG)
    except Exception as error:
        if not is_lost_connection(error):
            raise
        sys.exit(ENDED_WRONG)


@contextmanager
def limited(process: psutil.Process, kind: int, limit: int) -> Iterator[None]:
    """Limit a resource of a running process, for a block."""
    soft, hard = process.rlimit(kind)
    process.rlimit(kind, (limit, hard))
    try:
        yield
    finally:
        if process.is_running():
            process.rlimit(kind, (soft, hard))


@contextmanager
def searching(open_engine: Callable[[], SearchEngine]) -> Iterator[Shoppers]:
    """Let shoppers search for a block."""
    shoppers = Shoppers(open_engine())
    thread = threading.Thread(target=shoppers.search, daemon=True)
    thread.start()
    try:
        yield shoppers
    finally:
        shoppers.over.set()
        thread.join(WITHIN_S)
        shoppers.engine.close()


def flip_a_byte(path: Path) -> None:
    """Flip one bit in the middle of a file, as a dying disk does."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x10
    # A new file, so that a process that has mapped the old one is not disturbed.
    write_whole(path, bytes(content))
