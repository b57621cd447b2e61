"""Pictures to measure with: those of a folder, or drawn ones as large as camera photos."""

import random
from pathlib import Path

import numpy as np
from PIL import Image

from indexer.sample.drawn_product import draw_product
from search.errors import UnusableCatalogue

DRAWN = 24  # different drawings; every picture is a part of one
DRAWN_PX = 512
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}


def list_pictures(folder: Path | None, workplace: Path, count: int, side: int) -> list[Path]:
    """Return up to `count` picture files.

    Args:
        folder: Searched for pictures at any depth; None: pictures are drawn into `workplace`.
        workplace: Folder for drawn pictures.
        count: Number of files, at most.
        side: Side of drawn pictures, in pixels.

    Raises:
        UnusableCatalogue: the folder holds no picture.
    """
    if folder is None:
        return draw_pictures(workplace, count, side)
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not found:
        raise UnusableCatalogue(f"{folder} holds no JPEG, PNG or WebP file; name another folder.")
    step = max(1, len(found) // count)
    return [path.absolute() for path in found[::step][:count]]


def draw_pictures(workplace: Path, count: int, side: int) -> list[Path]:
    """Write `count` different JPEG files: enlarged parts of drawings, with sensor noise."""
    drawn = [draw_product(7, i, size_px=DRAWN_PX).image for i in range(min(DRAWN, count))]
    written = []
    for i in range(count):
        dice, noise = random.Random(i), np.random.default_rng(i)  # noqa: S311 - no secret
        part = round(DRAWN_PX * dice.uniform(0.8, 1))
        left, top = (dice.randint(0, DRAWN_PX - part) for _ in range(2))
        cut = drawn[i % len(drawn)].crop((left, top, left + part, top + part))
        large = np.asarray(cut.resize((side, side), Image.Resampling.BICUBIC), dtype=np.float32)
        grain = noise.normal(0, 3, large.shape)
        path = workplace / f"{i:04}.jpg"
        picture = Image.fromarray(np.clip(large + grain, 0, 255).astype(np.uint8))
        picture.save(path, quality=88)
        written.append(path)
    return written
