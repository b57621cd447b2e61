"""From a shopper's photo to what is searched with: the thing in it that is meant."""

from dataclasses import dataclass, replace

from PIL import Image

from search.encoder.description_cache import Describer
from search.encoder.local_features import EncodedPictures
from search.query.cell_matching import Cells, cells_of
from search.query.regions import RegionProposer, best_region
from search.results import Box, Region, Vector

MARGIN = 0.05
"""Added to a proposed region on each side, as a share of the photo."""


@dataclass(frozen=True, slots=True)
class PhotoRegions:
    """What was seen in a photo."""

    vector: Vector  # (d,) float32, unit length; of the whole photo, or of the shopper's box
    cells: Cells
    regions: tuple[Region, ...] = ()  # things in the whole photo, best first
    at: Box | None = None  # the shopper's box, or the region taken for what is meant; None: neither
    part: Vector | None = None  # (d,) float32, unit length, of that region


def look(
    photo: Image.Image,
    box: Box | None,
    describer: Describer,
    proposer: RegionProposer,
    *,
    closer: bool = True,
) -> PhotoRegions:
    """Encode a photo: the part that the box says, or the whole and its best region.

    Args:
        photo: Upright, RGB.
        box: What the shopper means; None: the proposer guesses.
        describer: The model, or what remembers its words.
        proposer: Finds things.
        closer: Whether the best region is encoded too, where there is no box.
    """
    if box is not None:  # the regions are what else could be meant
        both = describer.describe([photo, box.crop(photo)])
        return _seen(both.one(1), proposer.propose(photo, both.one(0)), box)
    whole = describer.describe([photo])
    regions = proposer.propose(photo, whole)
    best = best_region(regions) if closer else None
    if best is None:
        return _seen(whole, regions, None)
    part = describer.describe([_grown(best.box).crop(photo)])
    return replace(_seen(whole, regions, best.box), part=part.vectors[0])


def _seen(described: EncodedPictures, regions: tuple[Region, ...], at: Box | None) -> PhotoRegions:
    return PhotoRegions(described.vectors[0], cells_of_photo(described), regions, at)


def cells_of_photo(described: EncodedPictures) -> Cells:
    """Return the cells of the one photo that was described."""
    return cells_of(described.patches[0], described.weights[0], described.share)


def _grown(box: Box) -> Box:
    """Return a box with some of its surroundings."""
    left, up = max(0.0, box.x - MARGIN), max(0.0, box.y - MARGIN)
    right, down = min(1.0, box.x + box.w + MARGIN), min(1.0, box.y + box.h + MARGIN)
    return Box(left, up, right - left, down - up)
