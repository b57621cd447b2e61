"""The embedded image tower's descriptions of each cell of a picture, beside the picture's vector.

Two small heads read the maps that the backbone computes anyway:

- patches: a descriptor for each of 7 by 7 cells, for late interaction (MaxSim: Khattab and Zaharia
  2020, arXiv:2004.12832), and how much the cell matters in a query;
- regions: for each of 14 by 14 cells, whether a thing has its middle there and how far its sides
  are (FCOS: Tian et al. 2019, arXiv:1904.01355).

Their weights are in a file of their own, `local_heads.safetensors`, so that they can be trained
without changing the file of the tower. The model tag covers them too.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from safetensors.torch import load_file
from torch import Tensor, nn

from search.encoder.local_features import PATCH_DIM, PATCH_GRID

WEIGHTS = Path(__file__).parents[1] / "checkpoints" / "embedded" / "local_heads.safetensors"

MEAN_STAGES = (6, 4, 2, 1)
"""Stages of the backbone whose mean over a cell is used, deepest first."""
DEVIATION_STAGES = (2, 1)
"""Stages whose deviation within a cell is used: it tells texture."""
CELL_GROUPS = (352, 120, 48, 24, 48, 24, 3, 3)
"""How many numbers a cell has from each of these stages, then from its colours."""
CELL_CHANNELS = sum(CELL_GROUPS)

REGION_STAGES = (4, 6)
REGION_CHANNELS = 120 + 352
REGION_WIDTH = 64
REGION_GRID = 14

SHAPES: Mapping[str, tuple[int, ...]] = {
    "patch_weight": (PATCH_DIM + 1, CELL_CHANNELS),
    "patch_bias": (PATCH_DIM + 1,),
    "region_in_weight": (REGION_WIDTH, REGION_CHANNELS, 1, 1),
    "region_in_bias": (REGION_WIDTH,),
    "region_mid_weight": (REGION_WIDTH, REGION_WIDTH, 3, 3),
    "region_mid_bias": (REGION_WIDTH,),
    "region_out_weight": (5, REGION_WIDTH, 1, 1),
    "region_out_bias": (5,),
}
"""Tensors of the file."""


class LocalHeads(nn.Module):
    """Both heads. Their weights are constants here; `scripts` trains them."""

    def __init__(self) -> None:
        super().__init__()
        weights = load_file(WEIGHTS)
        for name, shape in SHAPES.items():
            # Not persistent: the checkpoint of the tower does not hold them.
            self.register_buffer(name, weights[name].float().reshape(shape), persistent=False)

    def forward(self, maps: Sequence[Tensor], lab: Tensor) -> list[Tensor]:
        """Describe the cells of pictures.

        Args:
            maps: (n, c, h, w) after each stage of the backbone.
            lab: (n, g, g, 3) CIELAB.

        Returns:
            (n, 49, 7, 7): unit descriptors and, as the last channel, the weight of the cell in a
            query, positive; and (n, 5, 14, 14): logit of a thing's middle, and the distances from
            the cell's middle to the left, upper, right and lower side as shares of the picture.
        """
        with torch.autocast(lab.device.type, enabled=False):
            tensors = dict(self.named_buffers())
            return [
                patches_of(cells(maps, lab), tensors).permute(0, 3, 1, 2),
                regions_of(region_maps(maps), tensors),
            ]


def patches_of(described: Tensor, tensors: Mapping[str, Tensor]) -> Tensor:
    """Run the patch head on cells: (..., `CELL_CHANNELS`) to (..., `PATCH_DIM` + 1)."""
    said = described @ tensors["patch_weight"].T + tensors["patch_bias"]
    unit = F.normalize(said[..., :PATCH_DIM], dim=-1)
    return torch.cat([unit, F.softplus(said[..., PATCH_DIM:])], dim=-1)


def regions_of(x: Tensor, tensors: Mapping[str, Tensor]) -> Tensor:
    """Run the region head: (n, `REGION_CHANNELS`, g, g) to (n, 5, g, g)."""
    for layer, padding in (("in", 0), ("mid", 1), ("out", 0)):
        weight, bias = tensors[f"region_{layer}_weight"], tensors[f"region_{layer}_bias"]
        x = F.conv2d(x, weight, bias, padding=padding)
        x = x if layer == "out" else F.gelu(x)
    return torch.cat([x[:, :1], F.softplus(x[:, 1:])], dim=1)


def cells(maps: Sequence[Tensor], lab: Tensor) -> Tensor:
    """Describe the cells of pictures before the patch head: (n, 7, 7, `CELL_CHANNELS`) float32."""
    parts = [_mean(maps[stage].float()) for stage in MEAN_STAGES]
    parts += [_deviation(maps[stage].float()) for stage in DEVIATION_STAGES]
    colours = lab.permute(0, 3, 1, 2)
    parts += [_mean(colours), _deviation(colours)]
    return torch.cat(parts, dim=1).permute(0, 2, 3, 1)


def region_maps(maps: Sequence[Tensor]) -> Tensor:
    """Return the input of the region head: (n, `REGION_CHANNELS`, 14, 14) float32."""
    fine, coarse = (maps[stage].float() for stage in REGION_STAGES)
    return torch.cat([fine, F.interpolate(coarse, size=fine.shape[-2:], mode="nearest")], dim=1)


def _mean(x: Tensor) -> Tensor:
    return F.adaptive_avg_pool2d(x, PATCH_GRID)


def _deviation(x: Tensor) -> Tensor:
    return (_mean(x.square()) - _mean(x).square()).clamp(min=0).sqrt()
