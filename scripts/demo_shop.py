"""The demonstration: draw the sample shop, index it, serve it, ask it one photo and one text."""

import argparse
import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import delete
from sqlalchemy.orm import Session

from search.cli import in_session
from search.database.models import Account
from search.evaluation.judged_queries import Judged, load_judged
from web.accounts.account_store import add_account

FINDALIKE = str(Path(sys.executable).with_name("findalike"))
GUEST = "demo"
"""The account that staff's pages can be looked at with, while the demonstration runs."""
ASKED = 20
"""Queries of each kind that `--check` asks."""
ENOUGH = 0.8
"""Share of them that must find a right product among the first ten."""


def run(*arguments: str) -> None:
    """Run one findalike command; stop with its exit code if it fails."""
    done = subprocess.run([FINDALIKE, *arguments], check=False)
    if done.returncode:
        sys.exit(done.returncode)


def answers(question: Judged, hit: dict[str, Any]) -> bool:
    """Whether a hit is one of the right products."""
    product = hit["product"]
    return bool(question.relevant({product["sku"]: product["category"]}))


@contextmanager
def serving() -> Iterator[str]:
    """Serve in the background; yields the address once it answers."""
    server = subprocess.Popen(
        [FINDALIKE, "serve", "--json"], stdout=subprocess.PIPE, text=True, bufsize=1
    )
    try:
        line = server.stdout.readline() if server.stdout else ""
        if not line.strip():
            sys.exit(server.wait() or 1)
        address = str(json.loads(line)["address"]).rstrip("/")
        wait_until_ready(address)
        yield address
    finally:
        server.terminate()
        server.wait(timeout=30)


def wait_until_ready(address: str) -> None:
    """Wait until the model and the index answer."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{address}/readyz", timeout=10).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.3)
    sys.exit(f"The server at {address} did not become ready within a minute.")


@contextmanager
def guest() -> Iterator[str]:
    """Let `demo` log in as admin for a while; yields the password, which nobody else learns."""
    password = secrets.token_urlsafe(12)

    def close_door(session: Session) -> None:
        # Not as `findalike user remove` does it, which keeps the last admin.
        session.execute(delete(Account).where(Account.name == GUEST))

    def open_door(session: Session) -> None:
        close_door(session)  # of a demonstration that was killed
        add_account(session, GUEST, "admin", password)

    in_session(open_door, "findalike-demo")
    try:
        yield password
    finally:
        in_session(close_door, "findalike-demo")


def ask(address: str, question: Judged) -> list[dict[str, Any]]:
    """Ask over HTTP; returns the first ten hits."""
    url = f"{address}/api/v1/search"
    if question.photo is None:
        answer = httpx.post(url, json={"text": question.text, "k": 10}, timeout=60)
    else:
        with question.photo.open("rb") as photo:
            answer = httpx.post(url, files={"photo": photo}, data={"k": "10"}, timeout=60)
    answer.raise_for_status()
    hits: list[dict[str, Any]] = answer.json()["hits"]
    return hits


def show(question: Judged, hits: list[dict[str, Any]]) -> None:
    """Print a question and its first answers."""
    asked = question.photo.name if question.photo else f"“{question.text}”"
    print(f"\n{question.kind}  {asked}")
    for hit in hits[:3]:
        product = hit["product"]
        print(f"  {hit['similarity']:.2f}  {product['sku']}  {product['title']}")


def check(address: str, questions: list[Judged]) -> bool:
    """Ask some questions; whether enough were answered rightly."""
    step = max(1, len(questions) // ASKED)
    asked = questions[::step][:ASKED]
    right = sum(any(answers(q, hit) for hit in ask(address, q)) for q in asked)
    print(f"{asked[0].kind}: {right} of {len(asked)} found a right product among the first ten.")
    return right >= ENOUGH * len(asked)


def main() -> None:
    """Run the demonstration."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="check the answers and exit")
    arguments = parser.parse_args()
    started = time.monotonic()
    shop = Path(os.environ["FINDALIKE_HOME"]) / "sample-shop"
    if not (shop / "texts.csv").exists():
        run("sample", str(shop), "--force")
    run("reindex", str(shop))
    photos, texts = load_judged(shop / "photos.csv"), load_judged(shop / "texts.csv")
    with serving() as address, guest() as password:
        for question in (photos[0], texts[0]):
            show(question, ask(address, question))
        print(f"\nReady after {time.monotonic() - started:.0f} s: {address}/", flush=True)
        print(f"For staff: {address}/studio and {address}/ops, as {GUEST} with {password}")
        if arguments.check:
            sound = [check(address, questions) for questions in (photos, texts)]
            sys.exit(0 if all(sound) else 1)
        print("Ctrl-C stops it.", flush=True)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            print()


if __name__ == "__main__":
    main()
