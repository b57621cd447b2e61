"""Runs the frozen networks over every picture once and caches their features.

The heads are then trained in minutes. The features of a set are written in parts, so that an
interrupted run continues where it stopped.
"""

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
import structlog
import torch
from PIL import Image

from scripts.training.pictures.phone_views import clean_view, street_view
from search.encoder.embedded.tower import ProductTower
from search.files.atomic_files import write_whole

log = structlog.get_logger()

Pixels = npt.NDArray[np.uint8]
Describe = Callable[[Pixels], npt.NDArray[np.floating]]
"""A network: maps views (n, 224, 224, 3) to features (n, width)."""

_PART = 512  # views in a file
_BATCH = 32


def pooled_by(tower: ProductTower) -> Describe:
    """Return a function that describes views by the tower's features before any head."""

    @torch.inference_mode()
    def describe(views: Pixels) -> npt.NDArray[np.floating]:
        x = (torch.from_numpy(views).permute(0, 3, 1, 2).float() / 255 - 0.5) / 0.5
        pooled: npt.NDArray[np.floating] = tower.pooled(
            x.contiguous(memory_format=torch.channels_last)
        ).numpy()
        return pooled

    return describe


@dataclass(frozen=True)
class Features:
    """Pooled features of views: row i is a view of picture `picture[i]`; view 0 is clean."""

    pooled: npt.NDArray[np.float16]  # (n, width)
    picture: npt.NDArray[np.int64]  # (n,)
    view: npt.NDArray[np.int64]  # (n,)

    def of(self, shown: npt.NDArray[np.bool_]) -> "Features":
        """Keep the views of the pictures marked in `shown` (pictures,), and renumber them."""
        rows = shown[self.picture]
        number = np.cumsum(shown) - 1
        return Features(self.pooled[rows], number[self.picture[rows]], self.view[rows])

    def first_views(self) -> "Features":
        """Keep the clean view of each picture."""
        rows = self.view == 0
        return Features(self.pooled[rows], self.picture[rows], self.view[rows])

    @property
    def clean(self) -> npt.NDArray[np.float32]:
        """Features (pictures, width) of the clean view of each picture, in picture order."""
        rows = np.flatnonzero(self.view == 0)
        order = rows[np.argsort(self.picture[rows])]
        return self.pooled[order].astype(np.float32)


def load_features(
    name: str,
    openers: Sequence[Callable[[], Image.Image]],
    views: int,
    *,
    describe: Describe,
    cache: Path,
    backdrops: list[Image.Image],
    seed: int,
) -> Features:
    """Return a network's features of all views of all pictures; compute those not cached yet.

    Args:
        name: Name of the set; part of the file names.
        openers: One function per picture, which returns it as RGB.
        views: Views per picture, with the clean one.
        describe: Runs the network over a batch of views.
        cache: Folder of the cached parts.
        backdrops: Backgrounds for distorted views.
        seed: Of the distortions.
    """
    jobs = [(picture, view) for picture in range(len(openers)) for view in range(views)]
    cache.mkdir(parents=True, exist_ok=True)
    cached_for = cache / f"{name}.json"
    inputs = {"pictures": len(openers), "views": views, "seed": seed}
    if cached_for.exists() and json.loads(cached_for.read_text()) != inputs:
        for part in cache.glob(f"{name}.*.npy"):
            part.unlink()
    cached_for.write_text(json.dumps(inputs))

    def view_of(job: tuple[int, int]) -> Pixels:
        picture, view = job
        image = openers[picture]()
        if view:
            rng = np.random.default_rng([seed, picture, view])
            return np.asarray(street_view(image, rng, backdrops))
        return np.asarray(clean_view(image))

    parts = []
    for start in range(0, len(jobs), _PART):
        file = cache / f"{name}.{start // _PART:04d}.npy"
        if not file.exists():
            pooled = _described(jobs[start : start + _PART], view_of, describe)
            content = BytesIO()
            np.save(content, pooled)
            write_whole(file, content.getbuffer())
            log.info("features_cached", set=name, done=start + len(pooled), total=len(jobs))
        parts.append(np.load(file))
    picture, view = np.array(jobs, dtype=np.int64).T
    return Features(np.concatenate(parts), picture, view)


def _described(
    jobs: Sequence[tuple[int, int]],
    view_of: Callable[[tuple[int, int]], Pixels],
    describe: Describe,
) -> npt.NDArray[np.float16]:
    pooled = []
    with ThreadPoolExecutor(2) as threads:
        batches = [jobs[i : i + _BATCH] for i in range(0, len(jobs), _BATCH)]
        ahead = [threads.submit(view_of, job) for job in batches[0]]
        for number in range(len(batches)):
            images = [view.result() for view in ahead]
            if number + 1 < len(batches):
                ahead = [threads.submit(view_of, job) for job in batches[number + 1]]
            pooled.append(describe(np.stack(images)).astype(np.float16))
    return np.concatenate(pooled)
