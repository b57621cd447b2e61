"""A picture host on loopback that counts requests and supports conditional ones.

Besides its pictures it has the paths of `tests.support.servers.bad_server`, each with its
misbehaviour.
"""

import hashlib
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.servers.bad_server import BadServer
from tests.support.servers.loopback_server import running

MODIFIED = "Sat, 01 Jun 2024 08:00:00 GMT"


class PictureHost:
    """The pictures of a running host, and its requests."""

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.host = f"127.0.0.1:{port}"
        self.pictures: dict[str, bytes] = {}
        self.status = 200  # of every response; 503 while the host is down
        self.delay_s = 0.0
        self.validators = "etag"  # etag, date or none
        self.sent: Counter[str] = Counter()  # pictures sent, by path
        self.not_modified: Counter[str] = Counter()
        self.refused = 0  # answers with another status
        self._lock = threading.Lock()

    @property
    def asked(self) -> int:
        """Number of requests for its pictures."""
        return self.sent.total() + self.not_modified.total() + self.refused

    def put(self, name: str, content: bytes) -> str:
        """Add a picture; return its address."""
        self.pictures[f"/{name}"] = content
        return f"{self.address}/{name}"

    def forget_requests(self) -> None:
        """Count from zero."""
        self.sent.clear()
        self.not_modified.clear()
        self.refused = 0

    def answer(self, request: BadServer) -> None:
        """Send a picture, or "not modified"."""
        time.sleep(self.delay_s)
        content = self.pictures[request.path]
        if self.status != 200:
            with self._lock:
                self.refused += 1
            request.answer(self.status)
            return
        headers = {}
        if self.validators == "etag":
            headers = {"ETag": f'"{hashlib.sha256(content).hexdigest()[:12]}"'}
            known = request.headers["If-None-Match"] == headers["ETag"]
        else:
            headers = {"Last-Modified": MODIFIED} if self.validators == "date" else {}
            known = bool(headers) and request.headers["If-Modified-Since"] == MODIFIED
        with self._lock:
            (self.not_modified if known else self.sent)[request.path] += 1
        if known:
            request.answer(304, **headers)
        else:
            request.answer(200, content, Content_Type="image/png", **headers)


class _PictureHandler(BadServer):
    own: PictureHost

    def do_GET(self) -> None:  # noqa: N802  (so the server calls it)
        if self.path not in self.own.pictures:
            super().do_GET()
            return
        try:
            self.own.answer(self)
        except OSError:
            self.close_connection = True  # the client was killed


@contextmanager
def serve_pictures() -> Iterator[PictureHost]:
    """Run a picture host for a block."""
    ended = threading.Event()

    class OneHost(_PictureHandler):
        own: PictureHost

    OneHost.asked, OneHost.ended = [], ended
    with running(OneHost) as server:
        OneHost.own = host = PictureHost(server.server_port)
        try:
            yield host
        finally:
            ended.set()
