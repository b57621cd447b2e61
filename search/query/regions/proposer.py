"""The interface of region proposers, and the one that reads the encoder's own region head."""

from typing import Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image

from search.encoder.local_features import EncodedPictures
from search.results import Box, Region

MOST = 6
"""Regions of a photo."""
LEAST_SCORE = 0.15
OVERLAP = 0.5
"""Of two regions that share more of their union than this, the weaker one goes."""
INSIDE = 0.8
"""The same where one lies in the other by so much of itself."""
WHOLE = 0.85
"""A region of so much of the photo is the photo."""

Floats = npt.NDArray[np.float32]


class RegionProposer(Protocol):
    """Finds things in a photo."""

    def propose(self, photo: Image.Image, described: EncodedPictures) -> tuple[Region, ...]:
        """Return at most `MOST` regions, best first; none where nothing stands out.

        Args:
            photo: Upright, RGB.
            described: What the encoder said of this one photo.
        """
        ...


class EncoderRegions:
    """Reads the regions that the encoder saw while it encoded the photo.

    Args:
        otherwise: Asked where the encoder has no eye for regions, which only the embedded one has.
    """

    def __init__(self, otherwise: RegionProposer) -> None:
        self._otherwise = otherwise

    def propose(self, photo: Image.Image, described: EncodedPictures) -> tuple[Region, ...]:
        """Return regions; see `RegionProposer.propose`."""
        if described.regions.size == 0:
            return self._otherwise.propose(photo, described)
        return regions_in(described.regions[0])


def regions_in(maps: Floats) -> tuple[Region, ...]:
    """Return the regions in what a region head says, (5, g, g).

    The maps are those of `search.encoder.embedded.local_heads.LocalHeads`.
    """
    logits, (left, up, right, down) = maps[0], maps[1:]
    side = logits.shape[0]
    middle = (np.arange(side, dtype=np.float32) + 0.5) / side
    x, y = np.meshgrid(middle, middle)
    corners = np.stack([x - left, y - up, x + right, y + down], axis=-1).reshape(-1, 4)
    scores = 1 / (1 + np.exp(-logits.ravel()))
    return strongest(np.clip(corners, 0, 1), scores)


def strongest(corners: Floats, scores: Floats) -> tuple[Region, ...]:
    """Keep the best of overlapping boxes (non-maximum suppression), at most `MOST`.

    Args:
        corners: (n, 4) left, upper, right and lower side as shares of the picture.
        scores: (n,) 0 to 1.
    """
    areas = (corners[:, 2] - corners[:, 0]) * (corners[:, 3] - corners[:, 1])
    kept: list[int] = []
    for at in np.argsort(-scores, kind="stable").tolist():
        if scores[at] < LEAST_SCORE or len(kept) == MOST:
            break
        shared = _shared(corners[at], corners[kept])
        union = areas[at] + areas[kept] - shared
        least = np.minimum(areas[at], areas[kept])
        if areas[at] > 0 and not np.any((shared > OVERLAP * union) | (shared > INSIDE * least)):
            kept.append(at)
    return tuple(_region(corners[at], float(scores[at])) for at in kept)


def _shared(corners: Floats, others: Floats) -> Floats:
    """Return (n,) the area that a box shares with each of (n, 4) others."""
    low = np.maximum(corners[:2], others[:, :2])
    high = np.minimum(corners[2:], others[:, 2:])
    return np.asarray(np.clip(high - low, 0, None).prod(axis=1))


def _region(corners: Floats, score: float) -> Region:
    left, up, right, down = (round(float(side), 4) for side in corners)
    return Region(Box(left, up, max(right - left, 0.001), max(down - up, 0.001)), round(score, 4))


def best_region(regions: tuple[Region, ...]) -> Region | None:
    """Return the region a shopper most likely means; None where that is the whole photo."""
    if not regions or regions[0].box.w * regions[0].box.h >= WHOLE:
        return None
    return regions[0]
