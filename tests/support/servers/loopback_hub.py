"""A Hugging Face hub on the loopback interface: serves files from a folder, or refuses them."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.support.servers.loopback_server import running

REVISION = "b" * 40


@dataclass
class LoopbackHub:
    """The hub's content, and the requests that it got."""

    files: dict[str, Path] = field(default_factory=dict)  # repository -> folder
    refusal: tuple[int, str] | None = None  # status and error code for every file
    refused: tuple[str, ...] = ("HEAD", "GET")  # methods that get the refusal
    asked: list[str] = field(default_factory=list)  # `HEAD /path`

    def answer(self, method: str, path: str) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body for a path such as `/org/name/resolve/main/file`."""
        if self.refusal is not None and method in self.refused and "/resolve/" in path:
            return self.refusal[0], {"X-Error-Code": self.refusal[1]}, b""
        repository, _, name = path.strip("/").partition("/resolve/main/")
        folder = self.files.get(repository)
        if not name:  # the home page, or a list of files
            missing = {"X-Error-Code": "EntryNotFound"}
            return (404, missing, b"") if path.startswith("/api/") else (200, {}, b"")
        if folder is None:
            return 404, {"X-Error-Code": "RepoNotFound"}, b""
        file = folder / name
        if not file.is_file():
            return 404, {"X-Error-Code": "EntryNotFound"}, b""
        content = file.read_bytes()
        etag = hashlib.sha256(content).hexdigest()
        return 200, {"X-Repo-Commit": REVISION, "ETag": f'"{etag}"'}, content


@contextmanager
def serve(hub: LoopbackHub) -> Iterator[str]:
    """Serve requests in threads; yield the hub's address."""

    class HubHandler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            hub.asked.append(f"{self.command} {self.path}")
            status, headers, body = hub.answer(self.command, self.path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815 - the name is http.server's

    with running(HubHandler) as server:
        yield server.address


def point_client_at(
    monkeypatch: pytest.MonkeyPatch, address: str, cache: Path, *, offline: bool = False
) -> None:
    """Make the hub's client use this address and cache; it read its variables at import."""
    constants = "huggingface_hub.constants"
    monkeypatch.setattr(f"{constants}.ENDPOINT", address)
    template = address + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(f"{constants}.HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(f"{constants}.HF_HUB_OFFLINE", offline)
    monkeypatch.setattr(f"{constants}.HF_HUB_CACHE", str(cache))
