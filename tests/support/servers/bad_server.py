"""A picture server on loopback with one kind of misbehaviour per path."""

# ruff: noqa: D102  (the names of the methods say what they do)

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

from tests.support.servers.loopback_server import running

BODY = b"\xff\xd8 not judged here"


class BadServer(BaseHTTPRequestHandler):
    """Misbehaves in one way per path."""

    asked: list[str]
    ended: threading.Event
    protocol_version = "HTTP/1.1"

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self.asked.append(self.path)
        name = self.path.strip("/").partition("/")[0].replace("-", "_")
        try:
            getattr(self, f"on_{name}")()
        except OSError:
            self.close_connection = True  # the client has closed the connection, as it should

    def on_good(self) -> None:
        self.answer(200, BODY, Content_Type="image/jpeg")

    def on_known(self) -> None:
        if self.headers["If-None-Match"] == '"one"':
            self.answer(304, ETag='"one"')
        else:
            self.answer(200, BODY, ETag='"one"', Last_Modified="Sat, 01 Jun 2024 08:00:00 GMT")

    def on_stubborn(self) -> None:
        self.answer(304)

    def on_odd(self) -> None:
        self.answer(200, BODY, ETag="\xe9" * 20, Last_Modified="x" * 9999)

    def on_packed(self) -> None:
        self.answer(200, BODY, Content_Encoding="gzip")

    def on_mislabelled(self) -> None:
        self.answer(200, BODY, Content_Type="text/html")

    def on_page(self) -> None:
        self.answer(200, b"\n<!doctype html><title>Log in</title>", Content_Type="text/html")

    def on_missing(self) -> None:
        self.answer(404)

    def on_gone(self) -> None:
        self.answer(410)

    def on_forbidden(self) -> None:
        self.answer(403)

    def on_flaky(self) -> None:
        self.answer(200, BODY) if self.asked.count(self.path) > 1 else self.answer(500)

    def on_busy(self) -> None:
        self.answer(200, BODY) if self.asked.count(self.path) > 1 else self.answer(429)

    def on_broken(self) -> None:
        self.answer(503)

    def on_loop(self) -> None:
        self.answer(302, Location="/loop")

    def on_moved(self) -> None:
        left = int(self.path.rpartition("/")[2])
        self.answer(302, Location=f"/moved/{left - 1}" if left else "/good")

    def on_elsewhere(self) -> None:
        self.answer(302, Location="file:///etc/passwd")

    def on_declared_huge(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(10**12))
        self.end_headers()

    def on_huge(self) -> None:
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        while not self.ended.is_set():
            self.wfile.write(bytes(65_536))

    def on_hang(self) -> None:
        self.ended.wait(20)

    def on_drip(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        while not self.ended.wait(0.1):
            self.wfile.write(b"x")

    def on_drip_headers(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not self.ended.wait(0.1):
            self.wfile.write(b"x")

    def on_cut(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"only this")
        self.close_connection = True


@contextmanager
def serve_badly() -> Iterator[tuple[str, list[str]]]:
    """Run the server for a block; yield its address and the list of requested paths."""
    asked: list[str] = []
    handler = type("OneServer", (BadServer,), {"asked": asked, "ended": threading.Event()})
    with running(handler) as server:
        try:
            yield server.address, asked
        finally:
            handler.ended.set()
