"""A collector of traces, which receives OTLP over HTTP on loopback."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.support.servers.loopback_server import running


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
            resource = {one.key: one.value.string_value for one in part.resource.attributes}
            self.services.add(resource["service.name"])
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

    with running(CollectorHandler) as server:
        found.endpoint = server.address
        yield found
