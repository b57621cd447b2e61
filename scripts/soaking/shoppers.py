"""Shoppers who search all the time; failed searches are recorded."""

import threading
import time
from dataclasses import dataclass, field
from io import BytesIO
from typing import Self

import httpx

from scripts.soaking.soaked_shop import Item, draw

WAIT_S = 60.0
PAUSE_S = 0.2


@dataclass(slots=True)
class SoakShoppers:
    """A thread that searches by photo and by words in turn, while a `with` block runs.

    Args:
        address: The server's address.
        photo_of: The product that the photo shows.
    """

    address: str
    photo_of: Item
    searches: int = 0
    slowest_s: float = 0.0
    failures: list[str] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._search, name="shoppers", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join(WAIT_S + 5)

    def _search(self) -> None:
        content = BytesIO()
        draw(self.photo_of).save(content, "JPEG")
        with httpx.Client(base_url=self.address, timeout=WAIT_S) as client:
            while not self._over.is_set():
                self._ask(client, content.getvalue() if self.searches % 4 == 0 else None)
                self._over.wait(PAUSE_S)

    def _ask(self, client: httpx.Client, photo: bytes | None) -> None:
        started = time.monotonic()
        try:
            if photo is not None:
                answer = client.post("/api/v1/search", files={"photo": photo}, data={"k": "10"})
            else:
                answer = client.post("/api/v1/search", json={"text": "red plate", "k": 10})
            if answer.status_code != 200:
                self.failures.append(f"{answer.status_code}: {answer.text[:300]}")
            elif not answer.json()["hits"]:
                self.failures.append("200, but nothing found")
        except httpx.HTTPError as error:
            self.failures.append(f"{type(error).__name__}: {error}")
        self.searches += 1
        self.slowest_s = max(self.slowest_s, time.monotonic() - started)
