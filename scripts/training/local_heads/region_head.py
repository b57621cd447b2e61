"""Trains the region head, which tells where in a picture things are.

It has one stage and no anchors (FCOS: Tian et al. 2019, arXiv:1904.01355): the cells around the
middle of a thing give a score, and the distances to its sides. The loss of a score is the focal
loss with the box's score as target (Li et al. 2020, arXiv:2006.04388); that of the sides is the
generalised intersection over union (Rezatofighi et al. 2019, arXiv:1902.09630).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import structlog
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor, nn

from scripts.training.local_heads.local_sets import Things
from scripts.training.local_heads.localizer import Boxes
from search.encoder.embedded.local_heads import REGION_GRID, SHAPES, regions_of
from search.query.regions.proposer import regions_in
from search.results import Box

log = structlog.get_logger()

MIDDLE = 0.22
"""Half the size of a box's middle, as a share of its sides; the cells there predict the box."""
LEAST_SIDE = 0.03
PICTURES = 48
"""Pictures in a step."""
FITTED = 600
"""Pictures from which scales are computed."""


@dataclass(frozen=True)
class Targets:
    """What the head should predict for pictures."""

    there: Tensor  # (n, g, g) score of the thing whose middle the cell is in, 0 if none
    sides: Tensor  # (n, 4, g, g) distances to the thing's sides

    @classmethod
    def of(cls, boxes: Sequence[Boxes]) -> "Targets":
        """Turn boxes into maps."""
        made = [targets(found) for found in boxes]
        there, sides = (torch.from_numpy(np.stack(maps)) for maps in zip(*made, strict=True))
        return cls(there, sides)

    def of_rows(self, rows: Tensor, *, mirrored: bool) -> "Targets":
        """Take some pictures, mirrored if asked: left and right change places."""
        there, sides = self.there[rows], self.sides[rows]
        if not mirrored:
            return Targets(there, sides)
        return Targets(there.flip(2), sides.flip(3)[:, [2, 1, 0, 3]])


def targets(boxes: Boxes) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.float32]], ...]:
    """Return (g, g) scores and (4, g, g) distances; a cell takes the best, then smallest box."""
    axis = (np.arange(REGION_GRID, dtype=np.float32) + 0.5) / REGION_GRID
    x, y = np.meshgrid(axis, axis)
    there = np.zeros((REGION_GRID, REGION_GRID), np.float32)
    sides = np.zeros((4, REGION_GRID, REGION_GRID), np.float32)
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    for left, up, right, down, score in boxes[np.lexsort((-areas, boxes[:, 4]))]:
        reach_x = max(MIDDLE * max(right - left, LEAST_SIDE), 0.5 / REGION_GRID)
        reach_y = max(MIDDLE * max(down - up, LEAST_SIDE), 0.5 / REGION_GRID)
        inside = np.abs(x - (left + right) / 2) <= reach_x
        inside &= np.abs(y - (up + down) / 2) <= reach_y
        there[inside] = score
        distances = np.stack([x - left, y - up, right - x, down - y])
        sides[:, inside] = np.maximum(distances, 0.005)[:, inside]
    return there, sides


class RegionHead(nn.Module):
    """Three convolutions over standardised maps.

    Args:
        sample: (n, `REGION_CHANNELS`, g, g) maps to compute scales from.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, sample: Tensor) -> None:
        super().__init__()
        sample = sample.float()
        self.register_buffer("mean", sample.mean((0, 2, 3)))
        self.register_buffer("scale", 1 / (sample.std((0, 2, 3)) + 1e-3))
        self.layers = nn.ModuleDict()
        for layer in ("in", "mid", "out"):
            out, into, kernel, _ = SHAPES[f"region_{layer}_weight"]
            self.layers[layer] = nn.Conv2d(into, out, kernel)
        with torch.no_grad():  # start with low scores and small boxes
            last = self.layers["out"].get_parameter("bias")
            last[0], last[1:] = -3.0, -1.5

    def folded(self) -> dict[str, Tensor]:
        """Return the head's tensors for maps that are not standardised."""
        tensors = {
            f"region_{layer}_{name}": value
            for layer, convolution in self.layers.items()
            for name, value in convolution.named_parameters()
        }
        weight = tensors["region_in_weight"] * self.scale[:, None, None]
        shift = (weight[:, :, 0, 0] @ self.mean[:, None])[:, 0]
        bias = tensors["region_in_bias"] - shift
        return tensors | {"region_in_weight": weight, "region_in_bias": bias}

    def forward(self, maps: Tensor) -> Tensor:
        """Return the predictions of `search.encoder.embedded.local_heads.regions_of`."""
        return regions_of(maps.float(), self.folded())


def overlap(predicted: Tensor, wanted: Tensor) -> Tensor:
    """Return the generalised intersection over union of boxes around one point, (n,).

    Args:
        predicted: (n, 4) positive distances to the left, upper, right and lower side.
        wanted: The same.
    """

    def area(sides: Tensor) -> Tensor:
        return (sides[:, 0] + sides[:, 2]) * (sides[:, 1] + sides[:, 3])

    shared = area(torch.minimum(predicted, wanted))
    union = area(predicted) + area(wanted) - shared
    around = area(torch.maximum(predicted, wanted))
    return shared / union - (around - union) / around


def train_regions(lessons: Mapping[str, Things], *, steps: int, seed: int) -> RegionHead:
    """Train the head.

    Args:
        lessons: Pictures with boxes; all pictures have equal weight.
        steps: Optimiser steps of `PICTURES` pictures, half of them mirrored.
        seed: Of weights and order.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    maps = torch.cat([things.maps for things in lessons.values()])
    wanted = Targets.of([boxes for things in lessons.values() for boxes in things.boxes])
    sample = rng.choice(len(maps), min(FITTED, len(maps)), replace=False)
    head = RegionHead(maps[torch.from_numpy(sample)])
    optimiser = torch.optim.AdamW(head.parameters(), lr=2e-3, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, total_steps=steps)
    for step in range(steps):
        rows = torch.from_numpy(rng.choice(len(maps), min(PICTURES, len(maps)), replace=False))
        mirrored = bool(rng.random() < 0.5)
        shown = maps[rows].flip(3) if mirrored else maps[rows]
        loss = _loss(head(shown), wanted.of_rows(rows, mirrored=mirrored))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if step % 100 == 99 or step == steps - 1:
            log.info("region_head", step=step + 1, steps=steps, loss=round(loss.item(), 4))
    return head.eval()


def _loss(predicted: Tensor, wanted: Targets) -> Tensor:
    logits, there = predicted[:, 0], wanted.there
    off = (logits.sigmoid() - there).abs().square()
    focal = F.binary_cross_entropy_with_logits(logits, there, reduction="none") * off
    things = there > 0
    weight = there[things]
    sides = predicted[:, 1:].movedim(1, 3)[things], wanted.sides.movedim(1, 3)[things]
    missed = ((1 - overlap(*sides)) * weight).sum() / weight.sum().clamp(min=1e-6)
    return focal.sum() / things.sum().clamp(min=1) + missed


@torch.inference_mode()
def share_found(head: RegionHead, things: Things) -> float:
    """Return the share of pictures whose first region overlaps the best box with IoU above 0.5."""
    found = []
    for maps, boxes in zip(things.maps, things.boxes, strict=True):
        if len(boxes):
            regions = regions_in(head(maps[None])[0].numpy())
            best = boxes[boxes[:, 4].argmax()]
            found.append(bool(regions) and _iou(regions[0].box, best) > 0.5)
    return float(np.mean(found))


def _iou(box: Box, other: Boxes) -> float:
    left, up, right, down = (float(side) for side in other[:4])
    across = max(0.0, min(box.x + box.w, right) - max(box.x, left))
    along = max(0.0, min(box.y + box.h, down) - max(box.y, up))
    shared = across * along
    return shared / (box.w * box.h + (right - left) * (down - up) - shared)
