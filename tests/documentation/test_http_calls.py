"""The calls of `docs/http.md`, run by a shell and curl against a served shop."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from search.database.connection import session_scope
from search.engine.search_engine import SearchEngine
from search.settings import Settings
from tests.support.servers.serving import serving
from tests.support.shops.plain_shop import photo
from web import create_app
from web.accounts.api_keys import add_key
from web.state import WebState

PAGE = (Path(__file__).parents[2] / "docs" / "http.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
CONTINUED = re.compile(r"(?:.*\\\n)*.*\n")
"""Matches a command, including lines that end in a backslash."""
ADDRESS, SKU = "http://127.0.0.1:8000", "S007-00042"
ANY = "anything"

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")


def calls() -> list[tuple[str, str]]:
    """Return the page's API commands, each with the answer that the page shows."""
    found = []
    for block in BLOCK.findall(PAGE):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command = CONTINUED.match(part)
            if command is not None and part.startswith("curl "):
                found.append((command[0].strip(), part[command.end() :].strip()))
    return found


def said(answer: str) -> Any:
    """Read an answer from the page, in which … stands for any value."""
    return json.loads(re.sub(r"\[ ?… ?\]|…", f'"{ANY}"', answer))


def check(wanted: Any, given: Any, where: str = "answer") -> None:
    """Check that the actual answer contains what the page shows, in the same order."""
    if wanted == ANY:
        return
    if isinstance(wanted, dict):
        for name, value in wanted.items():
            assert name in given, f"{where} has no {name}"
            check(value, given[name], f"{where}.{name}")
    elif isinstance(wanted, list):
        assert len(given) >= len(wanted), where
        for number, (value, other) in enumerate(zip(wanted, given, strict=False)):
            check(value, other, f"{where}[{number}]")
    else:
        assert given == wanted, where


@pytest.fixture(scope="module")
def app(shop_settings: Settings, engine: SearchEngine) -> Flask:
    return create_app(shop_settings, engine)


@pytest.fixture(scope="module")
def served(app: Flask) -> Iterator[str]:
    with serving(app) as address:
        yield address


@pytest.fixture(scope="module")
def key(app: Flask) -> str:
    state: WebState = app.extensions["findalike"]
    with session_scope(state.engine.database) as session:
        return add_key(session, "documentation", ["operate", "catalogue"], actor="cli:tests")[1]


def test_the_page_shows_each_kind_of_call() -> None:
    commands = [command for command, _ in calls()]

    assert len(commands) >= 7
    assert all(answer for _, answer in calls()), "each says what comes back"
    for part in (
        "photo=@",
        "text=",
        "--json",
        "/similar",
        "page=2",
        "/status",
        "-X PUT",
        "-X DELETE",
        f"products/{SKU}\n",
    ):
        assert any(part in f"{command}\n" for command in commands), part


@pytest.mark.parametrize(("command", "answer"), calls(), ids=[c[:60] for c, _ in calls()])
def test_a_call_answers_as_the_page_says(
    command: str, answer: str, served: str, key: str, tmp_path: Path
) -> None:
    """Run it in a folder with the photo, with this server's address and a product of this shop."""
    (tmp_path / "lamp.jpg").write_bytes(photo("Plate", "red"))
    here = command.replace(ADDRESS, served).replace(SKU, "PLATE-RED")
    assert here != command
    ran = subprocess.run(
        ["bash", "-c", here.replace("curl ", "curl -sS --fail-with-body ", 1)],
        cwd=tmp_path,
        env=os.environ | {"KEY": key},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    check(said(answer.replace(SKU, "PLATE-RED")), json.loads(ran.stdout))


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        ({"a": 1}, {"a": 2}),
        ({"a": 1}, {}),
        ([1, 2], [1]),
        ({"a": [{"b": None}]}, {"a": [{"b": 0}]}),
    ],
)
def test_a_wrong_answer_is_seen(wanted: object, given: object) -> None:
    with pytest.raises(AssertionError):
        check(wanted, given)
