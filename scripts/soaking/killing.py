"""Kills a PostgreSQL server as the kernel does when memory is short."""

import time
from pathlib import Path

import psutil

from search.database.embedded.postgres_processes import is_server_process


def kill_postmaster(postmaster: psutil.Process, *, within_s: float = 30) -> None:
    """Kill a postmaster, and wait until its backends have noticed.

    For some milliseconds they still answer on connections that are open, and then break them.
    """
    cluster = Path(postmaster.cwd())
    family = [postmaster, *postmaster.children()]
    postmaster.kill()
    deadline = time.monotonic() + within_s
    while any(is_server_process(process, cluster) for process in family):
        if time.monotonic() > deadline:
            raise TimeoutError(f"the server in {cluster} lives on")
        time.sleep(0.02)
