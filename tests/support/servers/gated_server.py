"""A picture server on loopback that answers only while its gate is open.

With it a test holds real workers in the middle of a batch for as long as it needs.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.support.factories import picture_bytes


class Gate:
    """Serves `/<seed>.png`; requests wait while it is closed."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self._server = server
        self._open = threading.Event()

    def address(self, seed: int) -> str:
        """Return where the picture of a seed is."""
        return f"http://127.0.0.1:{self._server.server_port}/{seed}.png"

    def open(self) -> None:
        """Answer what waits, and everything from now on."""
        self._open.set()

    def wait(self) -> None:
        """Wait until the gate is open, five minutes at most."""
        self._open.wait(300)


class _GateServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    gate: Gate

    def handle_error(self, request: object, client_address: object) -> None:
        """Killed workers break their connections; that is what the tests are about."""


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
        """Stay quiet."""


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
