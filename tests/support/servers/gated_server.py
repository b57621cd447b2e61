"""A picture server on loopback that answers only while its gate is open.

It lets a test hold real workers in the middle of a batch as long as needed.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.support.factories import picture_bytes


class Gate:
    """Serves `/<seed>.png`; requests wait while the gate is closed."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self._server = server
        self._open = threading.Event()

    def address(self, seed: int) -> str:
        """Return the address of the picture with this seed."""
        return f"http://127.0.0.1:{self._server.server_port}/{seed}.png"

    def open(self) -> None:
        """Answer the waiting requests, and all later ones."""
        self._open.set()

    def wait(self) -> None:
        """Wait until the gate is open, at most five minutes."""
        self._open.wait(300)


class _GateServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    gate: Gate

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore broken connections: tests kill workers on purpose."""


class _GateHandler(BaseHTTPRequestHandler):
    server: _GateServer

    def do_GET(self) -> None:
        self.server.gate.wait()
        content = picture_bytes(int(self.path.strip("/").removesuffix(".png")))
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:
        """Log nothing."""


@contextmanager
def serve_gated() -> Iterator[Gate]:
    """Run the server for a block; the gate is closed at first and opens at the end."""
    server = _GateServer(("127.0.0.1", 0), _GateHandler)
    server.gate = Gate(server)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.gate
    finally:
        server.gate.open()
        server.shutdown()
        thread.join()
        server.server_close()
