"""Fetches pictures whose addresses shoppers give, within tight bounds.

With `FINDALIKE_PHOTO_ADDRESSES=off` all addresses are refused. By default those outside the public
Internet are; see `search.http.public_hosts`.
"""

import re
import threading

from search.errors import UnusablePicture
from search.http.picture_fetch import Bounds, fetch_picture, open_client
from search.settings import Settings

TIMEOUT_S = 8.0
MAX_FETCHES = 2
"""Fetches at a time in a process. Others wait, so that searches keep their threads."""
LONGEST_ADDRESS = 2000
ADDRESS = re.compile(r"https?://\S+", re.IGNORECASE)


class PhotoAddresses:
    """Fetches pictures from addresses that shoppers give. Safe to share between threads."""

    def __init__(self, settings: Settings) -> None:
        self.allowed = settings.photo_addresses != "off"
        public = settings.photo_addresses == "public"
        self._bounds = Bounds(
            timeout_s=min(TIMEOUT_S, settings.fetch_timeout_s),
            max_bytes=settings.max_image_bytes,
            public=public,
        )
        self._client = open_client(public=public)
        self._slots = threading.BoundedSemaphore(MAX_FETCHES)

    def fetch(self, address: str) -> bytes:
        """Return the bytes at an address, which must not be trusted.

        Raises:
            UnusablePicture: says why; see `search.http.picture_fetch.fetch_picture`.
        """
        if not self.allowed:
            raise UnusablePicture(
                "no_addresses", "Addresses of pictures are not taken here; send the picture."
            )
        if len(address) > LONGEST_ADDRESS or not is_address(address):
            raise UnusablePicture(
                "bad_address",
                "This is no address of a picture; give one that begins with https://.",
            )
        if not self._slots.acquire(timeout=self._bounds.timeout_s):
            raise UnusablePicture("busy", "Many pictures are being fetched; try again in a moment.")
        try:
            return fetch_picture(address, self._client, self._bounds)
        finally:
            self._slots.release()


def is_address(text: str) -> bool:
    """Return whether a text is an http(s) address and nothing else."""
    return ADDRESS.fullmatch(text) is not None
