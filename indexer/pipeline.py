"""Reads, decodes and prepares pictures in threads while the model encodes earlier ones.

Knows no database: addresses go in, vectors or refusals come out. What is wrong with one picture
is a value, not an exception; exceptions are for what is wrong with the machine.
"""

import hashlib
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

import httpx
import structlog
from PIL import Image

from indexer.claims import Claim
from indexer.fetch import open_client, read_picture
from search.encoder import Encoder
from search.errors import UnusablePicture
from search.images import FORMATS, decode_picture
from search.pictures import PictureStore
from search.results import Vector
from search.settings import Settings

if TYPE_CHECKING:
    import torch

MAX_SIDE_PX = 1024  # over twice what any usual model or the renditions need
GROUP_AT_MOST = 256  # pictures that go through the model together

T = TypeVar("T")
R = TypeVar("R")
Known = Callable[[Collection[str]], Collection[str]]
"""Given digests, returns those whose embedding exists."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Seen:
    """A picture that can be used."""

    claim: Claim
    sha256: str
    width_px: int  # of the original, upright
    height_px: int


@dataclass(frozen=True, slots=True)
class Refused:
    """A picture that can't be used, and why."""

    claim: Claim
    sha256: str | None  # None where there were no bytes
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Encoded:
    """What became of some pictures, in the order they were asked for."""

    outcomes: tuple[Seen | Refused, ...]
    vectors: dict[str, Vector]  # by sha256, only those that were not known


Prepared = tuple[Seen, "torch.Tensor"]


class Pipeline:
    """Encodes claimed pictures with one encoder; owned by one thread.

    Args:
        encoder: The model.
        pictures: Gets a rendition of every picture that can be used.
        settings: Threads, limits of size and time.
    """

    def __init__(self, encoder: Encoder, pictures: PictureStore, settings: Settings) -> None:
        self._encoder, self._pictures, self._settings = encoder, pictures, settings

    def run(self, claims: Sequence[Claim], known: Known) -> Encoded:
        """Encode pictures; content that is known, or comes twice, goes through the model once.

        Raises:
            OSError: the disk refuses renditions.
        """
        outcomes: list[Seen | Refused] = []
        vectors: dict[str, Vector] = {}
        # A quarter of the batch at a time, so that threads and model overlap.
        size = min(GROUP_AT_MOST, max(8, self._settings.batch_images // 4))
        with open_client() as client, ThreadPoolExecutor(self._settings.decode_threads) as pool:
            prepared = map_ahead(
                pool, lambda claim: self._prepare(claim, client), claims, ahead=2 * size
            )
            while group := list(islice(prepared, size)):
                outcomes += [part if isinstance(part, Refused) else part[0] for part in group]
                usable = [part for part in group if not isinstance(part, Refused)]
                vectors |= self._encode(usable, known, vectors)
        return Encoded(tuple(outcomes), vectors)

    def _encode(
        self, prepared: Sequence[Prepared], known: Known, done: Collection[str]
    ) -> dict[str, Vector]:
        """Run the model on what is new."""
        import torch

        new = {seen.sha256: pixels for seen, pixels in prepared if seen.sha256 not in done}
        for sha256 in known(new.keys()) if new else ():
            del new[sha256]
        if not new:
            return {}
        vectors = self._encoder.encode_pixels(torch.stack(list(new.values())))
        return dict(zip(new, vectors, strict=True))

    def _prepare(self, claim: Claim, client: httpx.Client) -> Prepared | Refused:
        """Turn an address into the model's input; runs in a thread."""
        sha256 = None
        try:
            content = read_picture(claim.address, self._settings, client)
            sha256 = hashlib.sha256(content).hexdigest()
            image = decode_picture(
                content, max_pixels=self._settings.max_image_pixels, max_side_px=MAX_SIDE_PX
            )
        except UnusablePicture as error:
            return Refused(claim, sha256, error.reason, error.detail)
        self._pictures.put(sha256, image)
        width_px, height_px = original_size(content, image)
        return Seen(claim, sha256, width_px, height_px), self._encoder.preprocess(image)


def original_size(content: bytes, image: Image.Image) -> tuple[int, int]:
    """Return the upright (width, height) of a file that decodes to `image`, maybe reduced."""
    with Image.open(BytesIO(content), formats=FORMATS) as opened:
        width_px, height_px = opened.size
    turned = (width_px > height_px) != (image.width > image.height) and image.width != image.height
    return (height_px, width_px) if turned else (width_px, height_px)


def map_ahead(
    pool: ThreadPoolExecutor, work: Callable[[T], R], items: Iterable[T], *, ahead: int
) -> Iterator[R]:
    """Yield `work` of each item, in order, computed in threads at most `ahead` items early.

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
