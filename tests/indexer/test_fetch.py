"""Pictures come from disks and from servers that misbehave in every known way."""

# ruff: noqa: D102  (the server's paths are named after what they do)

import os
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from indexer.fetch import read_picture
from search.errors import UnusablePicture
from search.fetch import open_client
from search.settings import Settings

BODY = b"\xff\xd8 not judged here"


class Shop(BaseHTTPRequestHandler):
    """A server with one bad habit per path."""

    asked: list[str]
    ended: threading.Event
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

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
            self.close_connection = True  # the client has hung up, as it should

    def on_good(self) -> None:
        self.answer(200, BODY, Content_Type="image/jpeg")

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


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, list[str]]]:
    """A running server's address, and the paths it was asked for."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    asked: list[str] = []
    handler = type("OneShop", (Shop,), {"asked": asked, "ended": threading.Event()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    handler.ended.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def client(shop: object) -> Iterator[httpx.Client]:
    """Opened after the proxies of the environment are hidden."""
    with open_client() as client:
        yield client


def limits(**values: object) -> Settings:
    return Settings.model_validate({"fetch_timeout_s": 3, "max_image_bytes": 200_000} | values)


def refusal(address: str, client: httpx.Client, settings: Settings) -> UnusablePicture:
    with pytest.raises(UnusablePicture) as caught:
        read_picture(address, settings, client)
    return caught.value


@pytest.mark.parametrize("path", ["good", "mislabelled", "moved/4", "flaky", "busy"])
def test_pictures_that_come_in_the_end(
    shop: tuple[str, list[str]], client: httpx.Client, path: str
) -> None:
    assert read_picture(f"{shop[0]}/{path}", limits(), client) == BODY


@pytest.mark.parametrize(
    ("path", "reason", "requests"),
    [
        ("missing", "http_404", 1),
        ("gone", "http_410", 1),
        ("forbidden", "http_403", 1),
        ("page", "web_page", 1),
        ("loop", "redirect_loop", 6),
        ("moved/5", "redirect_loop", 6),
        ("elsewhere", "bad_address", 1),
        ("declared-huge", "too_large", 1),
        ("huge", "too_large", 1),
    ],
)
def test_refused_at_once(
    shop: tuple[str, list[str]], client: httpx.Client, path: str, reason: str, requests: int
) -> None:
    """What another try can't mend is asked for once; the reason names the address."""
    refused = refusal(f"{shop[0]}/{path}", client, limits())

    assert refused.reason == reason
    assert "http://127.0.0.1" in refused.detail or reason == "bad_address"
    assert len(shop[1]) == requests


@pytest.mark.parametrize(("path", "reason"), [("broken", "http_503"), ("cut", "unreachable")])
def test_retried_and_then_refused(
    shop: tuple[str, list[str]], client: httpx.Client, path: str, reason: str
) -> None:
    assert refusal(f"{shop[0]}/{path}", client, limits()).reason == reason
    assert 2 <= len(shop[1]) <= 4


@pytest.mark.parametrize("path", ["hang", "drip", "drip-headers"])
def test_the_deadline_is_total(
    shop: tuple[str, list[str]], client: httpx.Client, path: str
) -> None:
    """A byte now and then does not buy a server more time."""
    started = time.monotonic()

    refused = refusal(f"{shop[0]}/{path}", client, limits(fetch_timeout_s=0.8))

    assert refused.reason == "timeout"
    assert "FINDALIKE_FETCH_TIMEOUT_S" in refused.detail
    assert time.monotonic() - started < 2.5


def test_nobody_listens(client: httpx.Client) -> None:
    refused = refusal("http://127.0.0.1:9/x.jpg", client, limits(fetch_timeout_s=2))

    assert refused.reason == "unreachable"


def test_local_file_by_path_and_by_address(client: httpx.Client, tmp_path: Path) -> None:
    file = tmp_path / "grün & blau.jpg"
    file.write_bytes(BODY)

    assert read_picture(str(file), limits(), client) == BODY
    assert read_picture(file.as_uri(), limits(), client) == BODY


def test_local_refusals(client: httpx.Client, tmp_path: Path) -> None:
    large = tmp_path / "large.jpg"
    large.write_bytes(bytes(200_001))
    os.mkfifo(tmp_path / "pipe.jpg")
    for address, reason in (
        (str(tmp_path / "none.jpg"), "missing_file"),
        (str(large / "below-a-file.jpg"), "missing_file"),
        (str(tmp_path), "not_a_file"),
        (str(tmp_path / "pipe.jpg"), "not_a_file"),
        (str(large), "too_large"),
        ("relative.jpg", "bad_address"),
        ("ftp://127.0.0.1/x.jpg", "bad_address"),
        ("http://", "bad_address"),
        ("http://127.0.0.1:notaport/x", "bad_address"),
        ("/nul\x00.jpg", "bad_address"),
        ("/" + "x" * 5000, "unreadable"),
    ):
        assert refusal(address, client, limits()).reason == reason, address


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_forbidden_file(client: httpx.Client, tmp_path: Path) -> None:
    file = tmp_path / "secret.jpg"
    file.write_bytes(BODY)
    file.chmod(0)

    assert refusal(str(file), client, limits()).reason == "permission"


def test_forbidden_file_is_told_apart(
    client: httpx.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same, where the tests run as root."""
    file = tmp_path / "secret.jpg"
    file.write_bytes(BODY)

    def forbid(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", forbid)

    assert refusal(str(file), client, limits()).reason == "permission"
