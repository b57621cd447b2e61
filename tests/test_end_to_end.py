"""The whole way of a user: commands as processes, a server, searches over HTTP."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.shops.plain_shop import PRODUCTS, photo, write_catalogue

FINDALIKE = Path(sys.executable).with_name("findalike")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A separate FINDALIKE_HOME, in which the embedded PostgreSQL runs."""
    home = tmp_path_factory.mktemp("whole way") / "home"
    home.parent.chmod(0o711)
    return home


def run(home: Path, *arguments: str) -> dict[str, Any]:
    """Run a command with --json; return what it prints."""
    done = subprocess.run(
        [FINDALIKE, *arguments, "--json"],
        env={**os.environ, "FINDALIKE_HOME": str(home), "FINDALIKE_DEVICE": "cpu"},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@contextmanager
def serving(home: Path) -> Iterator[str]:
    """Run the server in the background; yield its address."""
    server = subprocess.Popen(
        [FINDALIKE, "serve", "--port", "0", "--json"],
        env={**os.environ, "FINDALIKE_HOME": str(home), "FINDALIKE_DEVICE": "cpu"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert server.stdout is not None
    try:
        yield str(json.loads(server.stdout.readline())["address"]).rstrip("/")
    finally:
        server.terminate()
        assert server.wait(timeout=30) == 0
        server.stdout.close()


@pytest.mark.timeout(300)
def test_from_catalogue_to_page(home: Path) -> None:
    catalogue = write_catalogue(home.parent / "catalogue")
    report = run(home, "reindex", str(catalogue))
    assert report["changed"]
    assert report["manifest"]["products"] == len(PRODUCTS)
    assert report["manifest"]["factory"] == "Flat"

    with serving(home) as address:
        found = httpx.post(
            f"{address}/api/v1/search",
            files={"photo": ("plate.jpg", photo("Plate", "red"))},
            data={"k": "5"},
            timeout=30,
        ).json()
        assert found["hits"][0]["product"]["sku"] == "PLATE-RED"
        assert "Red plate" in httpx.get(f"{address}/search?text=red+plate", timeout=30).text

        # The running server notices the new generation.
        lines = catalogue.read_text(encoding="utf-8").replace("Red plate", "Crimson dish")
        catalogue.write_text(lines, encoding="utf-8")
        changed = run(home, "reindex")
        assert changed["changed"]
        assert changed["encode"]["total"] == 0
        wait_for_generation(address, changed["generation"])

        back = run(home, "rollback")["generation"]
        wait_for_generation(address, back)


def wait_for_generation(address: str, generation: int) -> None:
    """Wait until searches are answered from a generation; none may fail meanwhile."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        answer = httpx.post(f"{address}/api/v1/search", json={"text": "dish"}, timeout=30)
        assert answer.status_code == 200
        if answer.json()["generation_id"] == generation:
            return
        time.sleep(0.2)
    pytest.fail(f"generation {generation} was not picked up within 20 s")
