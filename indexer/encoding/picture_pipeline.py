"""Reads, decodes and prepares pictures in threads, while a thread of its own runs the model.

It knows no database and no network: claims go in, vectors or refusals come out. A picture that
can't be used is a value, not an exception; exceptions mean that something is wrong with the
machine.
"""

import hashlib
import os
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

import structlog
from PIL import Image

from indexer.encoding.difference_hash import structure_of
from indexer.encoding.memory_split import WithinMemory
from indexer.encoding.stage_times import StageTimes
from indexer.pictures.encode_claims import Claim
from indexer.pictures.local_files import read_file
from indexer.pictures.outcomes import LostPicture, RefusedPicture, UsablePicture
from indexer.pictures.spool import Spool
from search.encoder import PictureEncoder
from search.errors import UnusablePicture
from search.pictures.colour_names import colour_shares
from search.pictures.decoding import FORMATS, Enough, decode_picture
from search.pictures.rendition_store import LONGEST_SIDE_PX, PictureStore
from search.results import CellPatches, Vector
from search.settings import Settings

if TYPE_CHECKING:
    import torch

MAX_SIDE_PX = 4096  # of long thin pictures; all others are reduced further
OVERSAMPLING = 2
"""Pictures are decoded to at least so many times the side of the model's input. Measured with the
embedded encoder on pictures of 1 to 12 megapixels: the least cosine similarity to full decoding is
0.999 for photographs and 0.998 for drawings; with 1.5 it is 0.997 and 0.991."""
GROUP_AT_MOST = 256  # pictures that go through the model together

T = TypeVar("T")
R = TypeVar("R")
Known = Callable[[Collection[str]], Collection[str]]
"""Given digests, returns those whose embedding exists."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Encoded:
    """What became of some pictures, in the order of their claims."""

    outcomes: tuple[UsablePicture | RefusedPicture | LostPicture, ...]
    vectors: dict[str, Vector]  # by sha256, of content that had no embedding
    patches: dict[str, CellPatches]  # of the same content


Prepared = tuple[UsablePicture, "torch.Tensor"]


class Pipeline:
    """Encodes claimed pictures with one encoder; owned by one thread.

    Args:
        encoder: The model.
        pictures: Gets a rendition of every picture that can be used.
        settings: Threads, limits of size and time.
    """

    def __init__(self, encoder: PictureEncoder, pictures: PictureStore, settings: Settings) -> None:
        self._encoder, self._pictures, self._settings = encoder, pictures, settings
        self._spool = Spool(settings.root)
        self._enough = Enough(OVERSAMPLING * encoder.side_px, LONGEST_SIDE_PX)
        self._within_memory = WithinMemory(encoder)
        self.times = StageTimes()
        self._idle_since = 0.0  # perf_counter; of the model's thread

    def run(self, claims: Sequence[Claim], known: Known) -> Encoded:
        """Encode pictures. Content that has an embedding is not encoded; content twice, only once.

        Raises:
            OSError: the disk refuses renditions.
        """
        outcomes: list[UsablePicture | RefusedPicture | LostPicture] = []
        encoded: dict[str, tuple[Vector, CellPatches]] = {}
        given: set[str] = set()  # digests of what the model was given in this run
        self._idle_since = time.perf_counter()
        # A quarter of the batch at a time, so that threads and model overlap.
        size = min(GROUP_AT_MOST, max(8, self._settings.batch_images // 4))
        with (
            ThreadPoolExecutor(decode_threads(self._settings)) as pool,
            ThreadPoolExecutor(1, thread_name_prefix="model") as model,
        ):
            prepared = map_ahead(pool, self._prepare, claims, ahead=2 * size)
            # While the model has a group, the next one is gathered and looked up.
            running: Future[dict[str, tuple[Vector, CellPatches]]] | None = None
            while group := list(islice(prepared, size)):
                outcomes += [part[0] if isinstance(part, tuple) else part for part in group]
                usable = [part for part in group if isinstance(part, tuple)]
                new = self._new(usable, known, given)
                given |= new.keys()
                if running is not None:
                    encoded |= running.result()
                running = model.submit(self._encode, new)
            if running is not None:
                encoded |= running.result()
        vectors = {sha256: vector for sha256, (vector, _) in encoded.items()}
        patches = {sha256: patches for sha256, (_, patches) in encoded.items()}
        return Encoded(tuple(outcomes), vectors, patches)

    def _new(
        self, prepared: Sequence[Prepared], known: Known, given: Collection[str]
    ) -> "dict[str, torch.Tensor]":
        """Return by digest the pixels of what has no embedding and was not given to the model."""
        new = {usable.sha256: pixels for usable, pixels in prepared if usable.sha256 not in given}
        for sha256 in known(new.keys()) if new else ():
            del new[sha256]
        return new

    def _encode(self, new: "dict[str, torch.Tensor]") -> dict[str, tuple[Vector, CellPatches]]:
        """Run the model; called in its own thread."""
        import torch

        if not new:
            return {}
        self.times.add("wait", time.perf_counter() - self._idle_since)
        with self.times.stage("forward"):
            parts = self._within_memory.describe_pixels(torch.stack(list(new.values())))
        self._idle_since = time.perf_counter()
        pairs = [pair for part in parts for pair in zip(part.vectors, part.patches, strict=True)]
        return dict(zip(new, pairs, strict=True))

    def _prepare(self, claim: Claim) -> Prepared | RefusedPicture | LostPicture:
        """Turn a claimed picture into the model's input; called in a thread."""
        sha256, times = None, self.times
        try:
            with times.stage("read"):
                content = self._read(claim)
                if content is None:
                    return LostPicture(claim)
                sha256 = hashlib.sha256(content).hexdigest()
            with times.stage("decode"):
                image = decode_picture(
                    content,
                    max_pixels=self._settings.max_image_pixels,
                    max_side_px=MAX_SIDE_PX,
                    enough=self._enough,
                )
        except UnusablePicture as error:
            return RefusedPicture(claim, sha256, error.reason, error.detail)
        with times.stage("rendition"):
            self._pictures.put(sha256, image)
        width_px, height_px = original_size(content, image)
        with times.stage("colours"):
            colours = colour_shares(image)
        with times.stage("preprocess"):
            pixels = self._encoder.preprocess(image)
        return UsablePicture(
            claim, sha256, width_px, height_px, colours, structure_of(image)
        ), pixels

    def _read(self, claim: Claim) -> bytes | None:
        """Return a picture's bytes; None where the spool has lost them."""
        if claim.fetched_sha256 is not None:
            return self._spool.read(claim.fetched_sha256)
        return read_file(claim.address, self._settings.max_image_bytes)


def decode_threads(settings: Settings, workers: int = 1) -> int:
    """Return how many threads one of this machine's workers decodes with."""
    return settings.decode_threads or min(64, max(2, (os.cpu_count() or 1) // workers))


def original_size(content: bytes, image: Image.Image) -> tuple[int, int]:
    """Return the upright (width, height) of a file whose decoded `image` may be reduced."""
    with Image.open(BytesIO(content), formats=FORMATS) as opened:
        width_px, height_px = opened.size
    turned = (width_px > height_px) != (image.width > image.height) and image.width != image.height
    return (height_px, width_px) if turned else (width_px, height_px)


def map_ahead(
    pool: ThreadPoolExecutor, work: Callable[[T], R], items: Iterable[T], *, ahead: int
) -> Iterator[R]:
    """Yield the result of each item, in order; threads work at most `ahead` items in advance.

    Bounded, unlike `Executor.map`, because a prepared picture takes memory until it is used.
    """
    waiting: deque[Future[R]] = deque()
    rest = iter(items)
    try:
        waiting.extend(pool.submit(work, item) for item in islice(rest, ahead))
        while waiting:
            result = waiting.popleft().result()
            waiting.extend(pool.submit(work, item) for item in islice(rest, 1))
            yield result
    finally:
        for future in waiting:
            future.cancel()
