"""gunicorn around the application: it binds, forks, and opens an engine in each worker.

An engine has threads and connections that do not survive a fork, so the parent never opens one.
"""

import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.errors import HaltServer
from gunicorn.workers.base import Worker

from search.errors import FindalikeError, WrongSetting
from search.settings import Settings

if TYPE_CHECKING:
    from flask import Flask

THREADS = 4
BACKLOG = 512
TIMEOUT_S = 120
METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"


def bind(host: str, port: int) -> socket.socket:
    """Return a socket that listens; port 0 takes any free one.

    Raises:
        WrongSetting: the address is taken, or is not one of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise WrongSetting(
            "FINDALIKE_HOST and FINDALIKE_PORT",
            f"{host}:{port}",
            f"{error.strerror or error}. Choose another with --port; 0 takes any free one",
        ) from error
    listener.set_inheritable(True)
    return listener


def address_of(listener: socket.socket) -> str:
    """Return the http address that reaches a listening socket from this machine."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  (recognised, not bound)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn with threads, serving one application per worker.

    Args:
        settings: For the application.
        listener: A socket that listens already.
        workers: How many processes.
        dev: Restart workers when code changes, and log requests.
        announce: Called with the address, in the first worker, once it can answer.
    """

    def __init__(
        self,
        settings: Settings,
        listener: socket.socket,
        *,
        workers: int,
        dev: bool,
        announce: Callable[[str], None],
    ) -> None:
        self.settings, self.workers, self.dev, self.announce = settings, workers, dev, announce
        self.address = address_of(listener)
        self._descriptor = listener.detach()  # gunicorn closes it itself
        super().__init__()

    def load_config(self) -> None:
        """Set gunicorn's settings; its own command line and files are not read."""
        wanted: dict[str, Any] = {
            "bind": f"fd://{self._descriptor}",
            "workers": self.workers,
            "worker_class": "gthread",
            "threads": THREADS,
            "timeout": TIMEOUT_S,
            "proc_name": "findalike",
            "reload": self.dev,
            "reload_extra_files": _page_files() if self.dev else [],
            "accesslog": "-" if self.dev else None,
            "loglevel": "info" if self.dev else "warning",
            "control_socket_disable": True,
            "post_worker_init": self._announce_first,
            "child_exit": _forget_worker,
        }
        for name, value in wanted.items():
            self.cfg.set(name, value)

    def load(self) -> "Flask":
        """Make the application in a worker. A known error stops the server with its message."""
        from web import create_app

        try:
            return create_app(self.settings)
        except FindalikeError as error:
            print(f"Error: {error}", file=sys.stderr, flush=True)
            sys.exit(Arbiter.APP_LOAD_ERROR)

    def run(self) -> None:
        """Serve until stopped. The exit code is 0, or 1 where workers can't start."""
        parent, folder = os.getpid(), None
        if self.workers > 1 and METRICS_FOLDER not in os.environ:
            # Workers share their counters in it. prometheus_client reads the variable on import.
            folder = tempfile.mkdtemp(prefix="findalike-metrics-")
            os.environ[METRICS_FOLDER] = folder
        try:
            super().run()
        except HaltServer:  # two workers failed at once, which gunicorn does not expect
            sys.exit(1)
        except SystemExit as end:
            if os.getpid() != parent:  # a worker exits here; its code tells gunicorn why
                raise
            sys.exit(1 if end.code else 0)
        finally:
            if folder is not None and os.getpid() == parent:
                shutil.rmtree(folder, ignore_errors=True)

    def _announce_first(self, worker: Worker) -> None:
        if worker.age == 1:
            self.announce(self.address)


def _page_files() -> list[str]:
    """Return the templates and static files: workers restart when these change, too."""
    here = Path(__file__).parent
    return [str(path) for part in ("templates", "static") for path in (here / part).rglob("*.*")]


def _forget_worker(_server: Arbiter, worker: Worker) -> None:
    """Drop a dead worker's gauges."""
    if METRICS_FOLDER in os.environ:
        from prometheus_client.multiprocess import mark_process_dead

        mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
