"""Kills a PostgreSQL server as the kernel does when memory is short."""

import time
from pathlib import Path

import psutil

from search.database.embedded.postgres_processes import is_server_process


def kill_postmaster(postmaster: psutil.Process, *, within_s: float = 30) -> None:
    """Kill a postmaster, and wait until its backends have ended.

    For some milliseconds the backends still answer on open connections.

    Raises:
        TimeoutError: a process still runs after `within_s` seconds.
    """
    cluster = Path(postmaster.cwd())
    family = [postmaster, *postmaster.children()]
    postmaster.kill()
    deadline = time.monotonic() + within_s
    while any(is_server_process(process, cluster) for process in family):
        if time.monotonic() > deadline:
            raise TimeoutError(f"the server in {cluster} still runs")
        time.sleep(0.02)
