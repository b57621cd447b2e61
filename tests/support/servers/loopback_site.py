"""Another web site, on this machine: serves the pages of a test, and records requests."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from tests.support.servers.loopback_server import running


@dataclass(frozen=True)
class Page:
    """The response at one path."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Site:
    """A running site."""

    address: str
    asked: list[str] = field(default_factory=list)


@contextmanager
def serving(pages: Mapping[str, Page]) -> Iterator[Site]:
    """Serve pages by path; other paths are not found."""
    asked: list[str] = []

    class SiteHandler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(f"{self.headers['Host']}{self.path}")
            page = pages.get(self.path, Page(status=404))
            self.send_response(page.status)
            for name, value in page.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(page.body)))
            self.end_headers()
            self.wfile.write(page.body)

    with running(SiteHandler) as server:
        yield Site(server.address, asked)
