"""Composes scenes of things cut out of studio pictures, whose boxes are therefore known exactly.

Cutting and pasting makes good training data for detectors (Dwibedi et al. 2017, arXiv:1708.01642).
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import structlog
from PIL import Image

from scripts.training.local_heads.localizer import Boxes
from scripts.training.pictures.development_sets import LabelledPicture, rows
from scripts.training.pictures.phone_views import backdrop, foreground, light

log = structlog.get_logger()

SIDE_PX = 320
CUT_OUTS = 600
"""Number of things to compose scenes of."""
MOST = 4
"""Most things in a scene."""
OVERLAP = 0.25
"""Share of a thing that another may hide."""
TRIES = 12
_QUALITY = 85


@dataclass(frozen=True)
class Scene:
    """A composed picture and where its things are."""

    path: Path
    boxes: Boxes


def draw_scenes(
    folder: Path,
    studio: Sequence[LabelledPicture],
    backdrops: Sequence[Image.Image],
    *,
    count: int,
    seed: int,
) -> None:
    """Compose scenes and write them with `boxes.csv`, unless they are there already.

    Args:
        folder: Folder of the scenes; created if it is missing.
        studio: Pictures on a plain ground; others are skipped.
        backdrops: Pictures to take backgrounds from.
        count: Number of scenes.
        seed: Decides everything.
    """
    if (folder / "boxes.csv").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    chosen = rng.choice(len(studio), size=min(CUT_OUTS, MOST * count, len(studio)), replace=False)
    things = [thing for i in chosen if (thing := cut_out(studio[int(i)].open())) is not None]
    log.info("things_cut_out", count=len(things))
    lines: list[tuple[str | float, ...]] = []
    for number in range(count):
        dice = np.random.default_rng([seed, number])
        scene, boxes = compose(things, backdrops[int(dice.integers(len(backdrops)))], dice)
        name = f"{number:05d}.jpg"
        scene.save(folder / name, quality=_QUALITY)
        lines += [(name, *(round(side, 5) for side in box.tolist())) for box in boxes]
    with (folder / "boxes.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("scene", "left", "up", "right", "down", "score"), *lines])


def listed_scenes(folder: Path) -> list[Scene]:
    """List the scenes of a folder, except empty ones."""
    boxes: dict[str, list[list[float]]] = {}
    for row in rows(folder / "boxes.csv"):
        sides = [float(row[side]) for side in ("left", "up", "right", "down", "score")]
        boxes.setdefault(row["scene"], []).append(sides)
    return [
        Scene(folder / name, np.array(found, np.float32)) for name, found in sorted(boxes.items())
    ]


def cut_out(image: Image.Image) -> Image.Image | None:
    """Return the thing in a studio picture, RGBA; None if it can't be told from the ground."""
    image.thumbnail((SIDE_PX, SIDE_PX))
    mask = foreground(image)
    box = mask.point([255 * (level > 100) for level in range(256)]).getbbox()
    if box is None or mask.getextrema() == (255, 255):
        return None
    image.putalpha(mask)
    return image.crop(box)


def compose(
    things: Sequence[Image.Image], behind: Image.Image, rng: np.random.Generator
) -> tuple[Image.Image, Boxes]:
    """Put one to `MOST` things on a background; return the scene and the boxes."""
    scene = backdrop(behind, (SIDE_PX, SIDE_PX), rng)
    wanted = int(rng.integers(1, MOST + 1))
    boxes: list[tuple[float, ...]] = []
    for _ in range(wanted):
        thing = things[int(rng.integers(len(things)))]
        largest = 0.85 if wanted == 1 else 0.62
        zoom = rng.uniform(0.2, largest) * SIDE_PX / max(thing.size)
        thing = thing.resize((max(8, int(thing.width * zoom)), max(8, int(thing.height * zoom))))
        if rng.random() < 0.5:
            thing = thing.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        box = _free_place(thing.size, boxes, rng)
        if box is not None:
            scene.paste(thing, (round(box[0] * SIDE_PX), round(box[1] * SIDE_PX)), thing)
            boxes.append(box)
    return light(scene, rng), np.array(boxes, np.float32).reshape(-1, 5)


def _free_place(
    size: tuple[int, int], taken: Sequence[tuple[float, ...]], rng: np.random.Generator
) -> tuple[float, ...] | None:
    """Return a box for a thing of this size in pixels that hides little of others, or None."""
    width, height = size[0] / SIDE_PX, size[1] / SIDE_PX
    for _ in range(TRIES):
        left, up = rng.uniform(0, 1 - width), rng.uniform(0, 1 - height)
        box = (left, up, left + width, up + height, 1.0)
        if all(_hidden(box, other) < OVERLAP for other in taken):
            return box
    return None


def _hidden(box: tuple[float, ...], other: tuple[float, ...]) -> float:
    """Return the share of `other` that `box` covers."""
    across = min(box[2], other[2]) - max(box[0], other[0])
    along = min(box[3], other[3]) - max(box[1], other[1])
    area = (other[2] - other[0]) * (other[3] - other[1])
    return max(0.0, across) * max(0.0, along) / area
