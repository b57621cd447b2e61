"""An HTTP server on loopback, which runs in threads of this process."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class LoopbackServer(ThreadingHTTPServer):
    """A server that does not wait for its clients when it ends."""

    daemon_threads = True
    block_on_close = False

    @property
    def address(self) -> str:
        """The server's address, without a slash at the end."""
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore broken connections: tests kill clients on purpose."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


@contextmanager
def running(handler: type[BaseHTTPRequestHandler]) -> Iterator[LoopbackServer]:
    """Run a server on a free port while a block runs; the handler logs nothing."""
    quiet = type(handler.__name__, (handler,), {"log_message": lambda *_: None})
    server = LoopbackServer(("127.0.0.1", 0), quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
