"""The application behind an address, for tests over HTTP."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.serving import make_server
from werkzeug.wsgi import ClosingIterator

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """Serve the application in threads of this process; yield its address."""

    def at_once(environ: "WSGIEnvironment", start_response: "StartResponse") -> list[bytes]:
        """Read bodies to their end: this server keeps responses open that a browser has aborted."""
        with closing(ClosingIterator(app(environ, start_response))) as body:
            return [b"".join(body)]

    server = make_server("127.0.0.1", 0, at_once, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
