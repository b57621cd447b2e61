"""Classical saliency: what differs from the border of the photo is likely a thing.

Colour contrast against the border is weighted towards the middle and cut at Otsu's threshold. Each
connected part is a region. Achanta et al. 2009 (doi:10.1109/CVPR.2009.5206596) measure contrast
against the picture's mean instead. No model is needed.
"""

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage

from search.encoder.local_features import EncodedPictures
from search.query.regions.proposer import strongest
from search.results import Region

SIDE_PX = 64
BORDER_PX = 3
MIN_SHARE = 0.01
"""Parts smaller than this share of the photo are noise."""

Floats = npt.NDArray[np.float32]


class SaliencyRegions:
    """Finds what stands out from the border."""

    def propose(self, photo: Image.Image, described: EncodedPictures) -> tuple[Region, ...]:
        """Return regions; see `RegionProposer.propose`. The encoder's description is not used."""
        map_ = salience(photo)
        if not map_.any():  # one colour
            return ()
        parts, _ = ndimage.label(ndimage.binary_opening(map_ > _otsu(map_)))
        corners, scores = [], []
        for number, found in enumerate(ndimage.find_objects(parts), 1):
            inside = parts == number
            if found is None or inside.mean() < MIN_SHARE:
                continue
            rows, columns = found
            corners.append([columns.start, rows.start, columns.stop, rows.stop])
            scores.append(float(map_[inside].mean() * inside.mean() ** 0.25))
        if not corners:
            return ()
        sides = np.asarray(corners, np.float32) / np.float32(SIDE_PX)
        return strongest(sides, np.clip(np.asarray(scores, np.float32), 0, 1))


def salience(photo: Image.Image) -> Floats:
    """Return (64, 64) of 0 to 1, how much each cell differs from the border."""
    small = photo.convert("LAB").resize((SIDE_PX, SIDE_PX), Image.Resampling.BOX)
    lab = np.asarray(small, dtype=np.float32)
    edge = np.ones((SIDE_PX, SIDE_PX), np.bool_)
    edge[BORDER_PX:-BORDER_PX, BORDER_PX:-BORDER_PX] = False
    border = lab[edge]
    # Distance to the nearest of the border's colours: a floor and a wall are both background.
    palette = border[:: max(1, len(border) // 48)]
    distance = np.sqrt(((lab[:, :, None] - palette) ** 2).sum(axis=3)).min(axis=2)
    axis = np.linspace(-1, 1, SIDE_PX)
    centre = np.exp(-(axis[:, None] ** 2 + axis[None] ** 2))
    weighed = ndimage.gaussian_filter(distance * centre, 1.0)
    return np.asarray(weighed / max(float(weighed.max()), 1e-6), dtype=np.float32)


def _otsu(map_: Floats) -> float:
    """Return the threshold that separates two classes best (Otsu 1979)."""
    counts, edges = np.histogram(map_, bins=64, range=(0, 1))
    middles = (edges[:-1] + edges[1:]) / 2
    below, above = np.cumsum(counts), counts.sum() - np.cumsum(counts)
    sums = np.cumsum(counts * middles)
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = below * above * (sums / below - (sums[-1] - sums) / above) ** 2
    return float(middles[np.nanargmax(apart)])
