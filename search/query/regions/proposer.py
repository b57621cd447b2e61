"""The interface of region proposers, and the one that reads the encoder's own region head."""

from typing import Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image

from search.encoder.local_features import EncodedPictures
from search.results import Box, Region

MAX_REGIONS = 6
"""Regions of one photo."""
MIN_SCORE = 0.15
MAX_OVERLAP = 0.5
"""Of two regions whose intersection is a larger share of their union, the weaker is dropped."""
MAX_INSIDE = 0.8
"""Of two regions whose intersection is a larger share of the smaller one, the weaker is dropped."""
WHOLE = 0.85
"""A region that covers at least this share of the photo means the whole photo."""

Floats = npt.NDArray[np.float32]


class RegionProposer(Protocol):
    """Finds things in a photo."""

    def propose(self, photo: Image.Image, described: EncodedPictures) -> tuple[Region, ...]:
        """Return at most `MAX_REGIONS` regions, best first; none where nothing stands out.

        Args:
            photo: Upright, RGB.
            described: This one photo, as the encoder describes it.
        """
        ...


class EncoderRegions:
    """Reads the regions that the encoder found while it encoded the photo.

    Args:
        fallback: Proposes for encoders without a region head. Only the embedded one has that head.
    """

    def __init__(self, fallback: RegionProposer) -> None:
        self._fallback = fallback

    def propose(self, photo: Image.Image, described: EncodedPictures) -> tuple[Region, ...]:
        """Return regions; see `RegionProposer.propose`."""
        if described.regions.size == 0:
            return self._fallback.propose(photo, described)
        return regions_in(described.regions[0])


def regions_in(maps: Floats) -> tuple[Region, ...]:
    """Return the regions in the maps of a region head.

    Args:
        maps: (5, g, g) float32, from `search.encoder.embedded.local_heads.LocalHeads`.
    """
    logits, (left, up, right, down) = maps[0], maps[1:]
    side = logits.shape[0]
    middle = (np.arange(side, dtype=np.float32) + 0.5) / side
    x, y = np.meshgrid(middle, middle)
    corners = np.stack([x - left, y - up, x + right, y + down], axis=-1).reshape(-1, 4)
    scores = 1 / (1 + np.exp(-logits.ravel()))
    return strongest(np.clip(corners, 0, 1), scores)


def strongest(corners: Floats, scores: Floats) -> tuple[Region, ...]:
    """Keep the best of overlapping boxes (non-maximum suppression), at most `MAX_REGIONS`.

    Args:
        corners: (n, 4) left, upper, right and lower side as shares of the picture.
        scores: (n,) 0 to 1.
    """
    areas = (corners[:, 2] - corners[:, 0]) * (corners[:, 3] - corners[:, 1])
    kept: list[int] = []
    for i in np.argsort(-scores, kind="stable").tolist():
        if scores[i] < MIN_SCORE or len(kept) == MAX_REGIONS:
            break
        shared = _shared_areas(corners[i], corners[kept])
        union = areas[i] + areas[kept] - shared
        smaller = np.minimum(areas[i], areas[kept])
        same = (shared > MAX_OVERLAP * union) | (shared > MAX_INSIDE * smaller)
        if areas[i] > 0 and not np.any(same):
            kept.append(i)
    return tuple(_region(corners[i], float(scores[i])) for i in kept)


def _shared_areas(corners: Floats, others: Floats) -> Floats:
    """Return (n,) the area that a box shares with each of (n, 4) others."""
    low = np.maximum(corners[:2], others[:, :2])
    high = np.minimum(corners[2:], others[:, 2:])
    return np.asarray(np.clip(high - low, 0, None).prod(axis=1))


def _region(corners: Floats, score: float) -> Region:
    left, up, right, down = (round(float(side), 4) for side in corners)
    return Region(Box(left, up, max(right - left, 0.001), max(down - up, 0.001)), round(score, 4))


def best_region(regions: tuple[Region, ...]) -> Region | None:
    """Return the region that a shopper most likely means; None: the whole photo."""
    if not regions or regions[0].box.w * regions[0].box.h >= WHOLE:
        return None
    return regions[0]
