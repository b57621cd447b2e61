"""A collector of traces, which receives OTLP over HTTP on loopback."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span


@dataclass
class Collector:
    """The received spans, and the collector's address."""

    endpoint: str = ""
    paths: list[str] = field(default_factory=list)
    services: set[str] = field(default_factory=set)
    spans: dict[str, Span] = field(default_factory=dict)  # by name; the last span of a name

    def take(self, path: str, body: bytes) -> None:
        """Read one request."""
        self.paths.append(path)
        for part in ExportTraceServiceRequest.FromString(body).resource_spans:
            told = {one.key: one.value.string_value for one in part.resource.attributes}
            self.services.add(told["service.name"])
            self.spans |= {one.name: one for scope in part.scope_spans for one in scope.spans}


@contextmanager
def collecting() -> Iterator[Collector]:
    """Run a collector."""
    found = Collector()

    class CollectorHandler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found.take(self.path, self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), CollectorHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        found.endpoint = f"http://127.0.0.1:{server.server_port}"
        yield found
        server.shutdown()
