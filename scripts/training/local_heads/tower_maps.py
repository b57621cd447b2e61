"""The input of the local heads: feature maps of the trained image tower, in float32.

It trains nothing and caches nothing: `scripts.training.image_tower.frozen_features` caches the
maps.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file
from torch import Tensor

from scripts.training.image_tower.frozen_features import Describe, Features, Pixels
from search.encoder.embedded.local_heads import (
    CELL_CHANNELS,
    REGION_CHANNELS,
    REGION_GRID,
    cells,
    region_maps,
)
from search.encoder.embedded.tower import ProductTower
from search.encoder.local_features import PATCH_GRID

_TRUNK = "visual.trunk."


@dataclass(frozen=True)
class Shown:
    """Vectors and cells of pictures, as the patch head takes them."""

    vectors: Tensor  # (n, d) float32, unit length
    cells: Tensor  # (n, 49, `CELL_CHANNELS`) float16
    groups: tuple[str, ...]  # of each picture; several groups are joined by |

    @classmethod
    def of(cls, features: Features, dim: int, groups: Sequence[str], view: int = 0) -> "Shown":
        """Take one view of each picture from features described by `cells_by`."""
        rows = torch.from_numpy(features.pooled[features.view == view])
        shape = (len(rows), PATCH_GRID**2, CELL_CHANNELS)
        return cls(rows[:, :dim].float(), rows[:, dim:].reshape(shape), tuple(groups))

    def __len__(self) -> int:
        return len(self.vectors)


def load_tower(checkpoint: Path) -> ProductTower:
    """Load the image tower of a checkpoint that `write_checkpoint` wrote."""
    weights = load_file(checkpoint / "open_clip_model.safetensors")
    tower = ProductTower().eval()
    tower.load_state_dict(
        {k.removeprefix(_TRUNK): v.float() for k, v in weights.items() if k.startswith(_TRUNK)}
    )
    tower.backbone.to(memory_format=torch.channels_last)
    return tower


def cells_by(tower: ProductTower) -> Describe:
    """Return a function that describes views by their vectors, followed by their cells, flat."""

    @torch.inference_mode()
    def describe(views: Pixels) -> npt.NDArray[np.floating]:
        x = _normalised(views)
        pooled, maps = tower.seen(x)
        vectors = tower.join(tower.parts(pooled))
        parts = [vectors, cells(maps, tower.colours.lab(x)).flatten(1)]
        rows: npt.NDArray[np.floating] = torch.cat(parts, dim=1).numpy()
        return rows

    return describe


def maps_by(tower: ProductTower) -> Describe:
    """Return a function that describes views by the region head's input, flat."""

    @torch.inference_mode()
    def describe(views: Pixels) -> npt.NDArray[np.floating]:
        maps = region_maps(tower.seen(_normalised(views))[1])
        rows: npt.NDArray[np.floating] = maps.flatten(1).numpy()
        return rows

    return describe


def maps_of(features: Features) -> Tensor:
    """Return features described by `maps_by` as (n, `REGION_CHANNELS`, 14, 14) float16."""
    return torch.from_numpy(features.pooled).reshape(-1, REGION_CHANNELS, REGION_GRID, REGION_GRID)


def _normalised(views: Pixels) -> Tensor:
    """Turn views (n, 224, 224, 3) into the tower's input (n, 3, 224, 224), -1 to 1."""
    x = (torch.from_numpy(views).permute(0, 3, 1, 2).float() / 255 - 0.5) / 0.5
    return x.contiguous(memory_format=torch.channels_last)
