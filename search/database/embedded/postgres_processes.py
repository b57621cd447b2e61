"""The operating system's processes of a PostgreSQL cluster: which live, and ending orphans."""

import signal
import time
from contextlib import suppress
from pathlib import Path

import psutil

QUIT_WITHIN_S = 3.0


def find_postmaster(cluster: Path) -> psutil.Process | None:
    """Return the living postmaster of a cluster.

    A pid file may name a zombie that nobody reaps (pid 1 of many containers), or a process
    that got the same number after a reboot: neither is a postmaster.
    """
    try:
        pid = int((cluster / "postmaster.pid").read_text().split("\n", 1)[0])
        process = psutil.Process(pid)
        return process if is_server_process(process, cluster) else None
    except (OSError, ValueError, psutil.Error):
        return None


def is_server_process(process: psutil.Process, cluster: Path) -> bool:
    """Return whether a process is a living PostgreSQL process working in `cluster`."""
    try:
        if process.name() != "postgres" or process.status() == psutil.STATUS_ZOMBIE:
            return False
        return Path(process.cwd()).samefile(cluster)
    except (OSError, psutil.Error):
        return False


def clear_remains(cluster: Path, socket_lock: Path) -> bool:
    """After a postmaster died: end its orphans and remove its files; return whether it had.

    Call only under the start lock, when no postmaster lives. PostgreSQL refuses to start while
    an orphan holds the old shared memory, and while a pid file names any living process.
    """
    pid_file = cluster / "postmaster.pid"
    if not pid_file.exists():
        return False
    for process in psutil.process_iter():
        if is_server_process(process, cluster):
            end_process(process, cluster)
    pid_file.unlink(missing_ok=True)
    socket_lock.unlink(missing_ok=True)
    return True


def end_process(process: psutil.Process, cluster: Path) -> None:
    """Ask a server process to quit at once, and kill it if it does not."""
    with suppress(psutil.NoSuchProcess):
        for request in (signal.SIGQUIT, signal.SIGKILL):
            process.send_signal(request)
            deadline = time.monotonic() + QUIT_WITHIN_S
            # Not `wait`: a zombie that nobody reaps is gone as far as we are concerned.
            while time.monotonic() < deadline:
                if not is_server_process(process, cluster):
                    return
                time.sleep(0.02)
