"""Remembers the descriptions of the last photos, so that the same photo is not encoded twice.

A shopper's photo is searched many times: with another filter, on another page, for another part of
it. The model's description is kept, never the photo. It is found by a digest of the pixels.
"""

import hashlib
import threading
from collections.abc import Sequence
from typing import Protocol

from cachetools import LRUCache
from PIL import Image

from search.encoder.local_features import EncodedPictures

KEPT = 512
"""Photos and parts of photos; some 15 KB each."""


class Describer(Protocol):
    """Describes pictures; an encoder is one."""

    def describe(self, images: Sequence[Image.Image]) -> EncodedPictures:
        """Describe n ≥ 1 pictures: vectors and local features."""
        ...


class RememberedPhotos:
    """A describer that asks another one only for what it does not remember. Thread safe.

    Args:
        describer: Asked for all unknown pictures of a call at once.
        kept: Descriptions to remember; the least recently used is forgotten first.
    """

    def __init__(self, describer: Describer, kept: int = KEPT) -> None:
        self._describer = describer
        self._known: LRUCache[bytes, EncodedPictures] = LRUCache(kept)
        self._lock = threading.Lock()

    def describe(self, images: Sequence[Image.Image]) -> EncodedPictures:
        """Describe n ≥ 1 pictures, RGB; errors as the other describer's."""
        digests = [_digest(image) for image in images]
        said = {digest: self._recall(digest) for digest in digests}
        unknown = {
            digest: image
            for digest, image in zip(digests, images, strict=True)
            if said[digest] is None
        }
        if unknown:
            described = self._describer.describe(list(unknown.values()))
            for i, digest in enumerate(unknown):
                said[digest] = self._keep(digest, described.one(i))
        return EncodedPictures.joined(
            [one for digest in digests if (one := said[digest]) is not None]
        )

    def _recall(self, digest: bytes) -> EncodedPictures | None:
        with self._lock:
            return self._known.get(digest)

    def _keep(self, digest: bytes, described: EncodedPictures) -> EncodedPictures:
        with self._lock:
            self._known[digest] = described
        return described


def _digest(image: Image.Image) -> bytes:
    """Return a digest of a picture's pixels and shape."""
    shape = f"{image.mode} {image.width} {image.height} ".encode()
    return hashlib.sha256(shape + image.tobytes()).digest()
