"""The demonstration: draws the sample shop, indexes it, serves it, searches by photo and text."""

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
"""Name of an admin account that exists while the demonstration runs, to see the staff pages."""
CHECKED = 20
"""Queries of each kind that `--check` sends."""
ENOUGH = 0.8
"""Share of these queries that must find a right product among the first ten."""


def run(*arguments: str) -> None:
    """Run one findalike command; stop with its exit code if it fails."""
    done = subprocess.run([FINDALIKE, *arguments], check=False)
    if done.returncode:
        sys.exit(done.returncode)


def is_right(query: Judged, hit: dict[str, Any]) -> bool:
    """Return whether a hit is one of the right products."""
    product = hit["product"]
    return bool(query.relevant({product["sku"]: product["category"]}))


@contextmanager
def serving() -> Iterator[str]:
    """Run the web server in the background; yields its address once it is ready."""
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
    """Wait until the server has loaded the model and the index."""
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
    """Let `demo` log in as admin while a block runs; yields a fresh password."""
    password = secrets.token_urlsafe(12)

    def remove_guest(session: Session) -> None:
        # Unlike `findalike user remove`, which refuses to remove the last admin.
        session.execute(delete(Account).where(Account.name == GUEST))

    def add_guest(session: Session) -> None:
        remove_guest(session)  # left by a demonstration that was killed
        add_account(session, GUEST, "admin", password)

    in_session(add_guest, "findalike-demo")
    try:
        yield password
    finally:
        in_session(remove_guest, "findalike-demo")


def search(address: str, query: Judged) -> list[dict[str, Any]]:
    """Send a query over HTTP; return the first ten hits."""
    url = f"{address}/api/v1/search"
    if query.photo is None:
        answer = httpx.post(url, json={"text": query.text, "k": 10}, timeout=60)
    else:
        with query.photo.open("rb") as photo:
            answer = httpx.post(url, files={"photo": photo}, data={"k": "10"}, timeout=60)
    answer.raise_for_status()
    hits: list[dict[str, Any]] = answer.json()["hits"]
    return hits


def show(query: Judged, hits: list[dict[str, Any]]) -> None:
    """Print a query and its first hits."""
    shown = query.photo.name if query.photo else f"“{query.text}”"
    print(f"\n{query.kind}  {shown}")
    for hit in hits[:3]:
        product = hit["product"]
        print(f"  {hit['similarity']:.2f}  {product['sku']}  {product['title']}")


def check(address: str, queries: list[Judged]) -> bool:
    """Send some of the queries; return whether enough of them found a right product."""
    step = max(1, len(queries) // CHECKED)
    sent = queries[::step][:CHECKED]
    right = sum(any(is_right(query, hit) for hit in search(address, query)) for query in sent)
    print(f"{sent[0].kind}: {right} of {len(sent)} found a right product among the first ten.")
    return right >= ENOUGH * len(sent)


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
        for query in (photos[0], texts[0]):
            show(query, search(address, query))
        print(f"\nReady after {time.monotonic() - started:.0f} s: {address}/", flush=True)
        print(f"For staff: {address}/studio and {address}/ops, as {GUEST} with {password}")
        if arguments.check:
            passed = [check(address, queries) for queries in (photos, texts)]
            sys.exit(0 if all(passed) else 1)
        print("Ctrl-C stops it.", flush=True)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            print()


if __name__ == "__main__":
    main()
