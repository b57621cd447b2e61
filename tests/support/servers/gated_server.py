"""A picture server on loopback that answers only while its gate is open.

It lets a test hold real workers in the middle of a batch as long as needed.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

from tests.support.factories import picture_bytes
from tests.support.servers.loopback_server import running


class Gate:
    """Serves `/<seed>.png`; requests wait while the gate is closed."""

    def __init__(self, server_address: str) -> None:
        self._server_address = server_address
        self._open = threading.Event()

    def address(self, seed: int) -> str:
        """Return the address of the picture with this seed."""
        return f"{self._server_address}/{seed}.png"

    def open(self) -> None:
        """Answer the waiting requests, and all later ones."""
        self._open.set()

    def wait(self) -> None:
        """Wait until the gate is open, at most five minutes."""
        self._open.wait(300)


@contextmanager
def serve_gated() -> Iterator[Gate]:
    """Run the server for a block; the gate is closed at first and opens at the end."""

    class GateHandler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            gate.wait()
            content = picture_bytes(int(self.path.strip("/").removesuffix(".png")))
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    with running(GateHandler) as server:
        gate = Gate(server.address)
        try:
            yield gate
        finally:
            gate.open()
