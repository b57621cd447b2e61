"""The configuration of the containers' servers, tested with the same servers on this machine."""

import http.client
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml
from kombu import Connection
from kombu.exceptions import OperationalError

from search.settings import Settings
from tests.support.servers.redis_server import free_port, redis_program, wait_for_port
from web import FORM_BYTES

DOCKER = Path(__file__).parents[2] / "docker"
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin")


class _BackendHandler(BaseHTTPRequestHandler):
    """Answers with the headers of the request, and counts requests."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        told = "\n".join(f"{name}: {value}" for name, value in self.headers.items()).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, format: str, *arguments: object) -> None:
        """Stay quiet."""


@contextmanager
def web_tier() -> Iterator[tuple[int, list[str]]]:
    """Run a server in place of `findalike serve`; yields its port and the requests that it got."""
    asked: list[str] = []
    handler = type("Handler", (_BackendHandler,), {"asked": asked})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.server_port, asked
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def front(tmp_path: Path) -> Iterator[tuple[int, list[str]]]:
    """Run nginx with docker/nginx.conf; yields its port and the requests that it passed on."""
    if NGINX is None:
        pytest.skip("needs Debian's nginx-light")
    port = free_port()
    with web_tier() as (web, asked):
        told = (DOCKER / "nginx.conf").read_text()
        for was, here in {
            "listen 8080;": f"listen 127.0.0.1:{port};",
            "http://web:8000": f"http://127.0.0.1:{web}",
            "/tmp/": f"{tmp_path}/",
        }.items():
            assert was in told
            told = told.replace(was, here)
        configuration = tmp_path / "nginx.conf"
        # Started by root, nginx would run its workers as another user, who may not write here.
        configuration.write_text(told if os.geteuid() else f"user root;\n{told}")
        nginx = subprocess.Popen(
            [NGINX, "-c", str(configuration), "-g", "daemon off;"], stderr=subprocess.DEVNULL
        )
        try:
            wait_for_port(port)
            yield port, asked
        finally:
            nginx.terminate()
            nginx.wait(10)


def ask(port: int, path: str, *, body: bytes | None = None, **headers: str) -> tuple[int, str]:
    """Send one request; return status and body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("POST" if body is not None else "GET", path, body, told)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_nginx_adds_headers_that_no_visitor_can_forge(front: tuple[int, list[str]]) -> None:
    port, _ = front
    status, headers = ask(port, "/?text=mug", X_Forwarded_For="10.9.8.7", Host="shop.example")
    assert status == 200
    assert "X-Forwarded-For: 127.0.0.1" in headers
    assert "10.9.8.7" not in headers
    assert "X-Forwarded-Proto: http\n" in headers + "\n"
    assert "Host: shop.example" in headers
    assert "X-Forwarded-Proto: https" in ask(port, "/", X_Forwarded_Proto="https")[1]


def test_nginx_lets_photos_through_and_nothing_larger(front: tuple[int, list[str]]) -> None:
    port, asked = front
    assert ask(port, "/api/v1/search", body=b"x" * 1_000_000)[0] == 200
    (bound,) = re.findall(r"client_max_body_size (\d+)m;", (DOCKER / "nginx.conf").read_text())
    largest = Settings.model_fields["max_image_bytes"].default + FORM_BYTES
    assert largest <= int(bound) * 1024**2 < 1.2 * largest
    assert ask(port, "/api/v1/search", Content_Length=str(100_000_000))[0] == 413
    assert asked == ["/api/v1/search"]


def test_nginx_keeps_static_files_and_hides_metrics(front: tuple[int, list[str]]) -> None:
    port, asked = front
    for _ in range(3):
        assert ask(port, "/static/style.css?v=1")[0] == 200
    assert ask(port, "/static/style.css?v=2")[0] == 200
    assert asked == ["/static/style.css?v=1", "/static/style.css?v=2"]
    assert ask(port, "/metrics")[0] == 404
    assert ask(port, "/nginx-alive") == (200, "alive\n")


def test_redis_takes_what_compose_tells_it(tmp_path: Path) -> None:
    """The address that compose gives the services works; without the password it does not."""
    told = yaml.safe_load((DOCKER / "compose.yaml").read_text())["services"]["redis"]["command"]
    secret = "0123456789abcdef"
    arguments = [re.sub(r"\$\{BROKER_PASSWORD[^}]*\}", secret, part) for part in told[1:]]
    port = free_port()
    server = subprocess.Popen(
        [redis_program(), *arguments, "--port", str(port), "--bind", "127.0.0.1"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_for_port(port)
        with Connection(f"redis://findalike:{secret}@127.0.0.1:{port}/0") as broker:
            broker.ensure_connection(max_retries=1)
            assert broker.default_channel.queue_declare("here").message_count == 0
        stranger = Connection(f"redis://findalike:wrong@127.0.0.1:{port}/0")
        with stranger, pytest.raises(OperationalError, match="username-password"):
            _ = stranger.default_channel
    finally:
        server.terminate()
        server.wait(10)
    assert list(tmp_path.rglob("*.aof*"))  # messages outlive a restart
