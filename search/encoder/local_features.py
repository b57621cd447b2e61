"""Local features: a model's descriptions of each cell of a picture, from the pass that encodes it.

Any open_clip image tower that returns its last map (`forward_intermediates`) has them. The embedded
tower has heads that are trained for comparing cells. The map of another tower is projected to as
many dimensions by fixed random directions, which nearly keeps cosines (Johnson and Lindenstrauss
1984). A tower that returns another vector with its map than without it has no local features.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import structlog

from search.encoder.unit_rows import unit_rows
from search.results import Embeddings, Patches, PatchWeights, RegionMaps

if TYPE_CHECKING:
    import torch

log = structlog.get_logger()

PATCH_GRID = 7
"""Cells a side."""
PATCH_DIM = 48
TRAINED_SHARE = 0.8
"""Weight of the cells with the embedded tower's heads: the best on shops drawn for tuning."""
LEAST_COSINE = 0.999
"""Least cosine between a tower's vector with its map and without: they should be equal."""


@dataclass(frozen=True, slots=True)
class EncodedPictures:
    """A model's descriptions of n pictures; without local features their arrays have no cells."""

    vectors: Embeddings  # (n, d) float32, unit length
    patches: Patches  # (n, cells, p) int8
    weights: PatchWeights  # (n, cells) float32, sum 1
    regions: RegionMaps  # (n, 5, g, g) float32
    share: float  # weight of the cells' agreement in a product's score; 0: cells are not trained

    def one(self, i: int) -> "EncodedPictures":
        """Return the description of picture i, in arrays of its own."""
        only = slice(i, i + 1)
        return EncodedPictures(
            self.vectors[only].copy(),
            self.patches[only].copy(),
            self.weights[only].copy(),
            self.regions[only].copy(),
            self.share,
        )

    @classmethod
    def joined(cls, parts: "list[EncodedPictures]") -> "EncodedPictures":
        """Return the pictures of all parts, at least one, in order."""
        return cls(
            np.concatenate([part.vectors for part in parts]),
            np.concatenate([part.patches for part in parts]),
            np.concatenate([part.weights for part in parts]),
            np.concatenate([part.regions for part in parts]),
            parts[0].share,
        )


class LocalReader:
    """Reads vectors and local features out of one image tower.

    Args:
        visual: The tower of an open_clip model, in evaluation mode.
        probe: Pictures (n, 3, H, W) float32 to try it with.
    """

    def __init__(self, visual: Any, probe: "torch.Tensor") -> None:  # noqa: ANN401
        import torch

        self._torch = torch
        self._directions: torch.Tensor | None = None
        self.able = False
        try:
            alone = torch.nn.functional.normalize(visual(probe).float(), dim=1)
            beside = torch.nn.functional.normalize(self._read(visual, probe)[0].float(), dim=1)
        except Exception as error:  # of any kind: each tower may lack another part
            log.info("no_local_features", reason=str(error).split("\n")[0])
            return
        self.able = bool((alone * beside).sum(dim=1).min() >= LEAST_COSINE)
        if not self.able:
            log.info("no_local_features", reason="the map comes with another vector")

    def __call__(self, visual: Any, x: "torch.Tensor") -> "tuple[torch.Tensor, ...]":  # noqa: ANN401
        """Return vectors, patches, weights and regions of normalised pictures, on their device."""
        if self.able:
            return self._read(visual, x)
        vectors = visual(x)
        nothing = vectors.new_zeros
        return vectors, nothing(len(x), 0, 0), nothing(len(x), 0), nothing(len(x), 0, 0, 0)

    def _read(self, visual: Any, x: "torch.Tensor") -> "tuple[torch.Tensor, ...]":  # noqa: ANN401
        said = visual.forward_intermediates(x, indices=1, normalize_intermediates=True)
        vectors, maps = said["image_features"], said["image_intermediates"]
        if len(maps) == 2:  # the embedded tower's own heads
            cells = maps[0].flatten(2).transpose(1, 2)
            patches, weights = cells[..., :PATCH_DIM], cells[..., PATCH_DIM]
            return vectors, patches, weights, maps[1]
        pooled = self._torch.nn.functional.adaptive_avg_pool2d(maps[-1].float(), PATCH_GRID)
        cells = pooled.flatten(2).transpose(1, 2)
        if self._directions is None:
            self._directions = self._drawn(cells.shape[-1]).to(cells)
        patches = cells @ self._directions
        weights = cells.new_ones(cells.shape[:2])
        return vectors, patches, weights, cells.new_zeros(len(x), 0, 0, 0)

    def _drawn(self, width: int) -> "torch.Tensor":
        """Return (width, `PATCH_DIM`) random directions, the same for each width."""
        dice = self._torch.Generator().manual_seed(width)
        return self._torch.randn(width, PATCH_DIM, generator=dice)


def described(
    vectors: "torch.Tensor",
    patches: "torch.Tensor",
    weights: "torch.Tensor",
    regions: "torch.Tensor",
) -> EncodedPictures:
    """Convert what a reader returned to the form that is stored and compared."""
    weights = weights.float().cpu()
    return EncodedPictures(
        vectors=unit_rows(vectors.float().cpu().numpy()),
        patches=quantised(patches.float().cpu().numpy()),
        weights=(weights / weights.sum(dim=1, keepdim=True).clamp(min=1e-9)).numpy(),
        regions=regions.float().cpu().numpy(),
        share=TRAINED_SHARE if regions.numel() else 0.0,
    )


def quantised(patches: "np.ndarray[Any, np.dtype[np.float32]]") -> Patches:
    """Store (n, cells, p) descriptors of any length as int8: unit length is 127."""
    length = np.linalg.norm(patches, axis=-1, keepdims=True)
    steps: Patches = np.rint(127 * patches / np.maximum(length, 1e-9)).astype(np.int8)
    return steps
