"""From a shopper's photo to what is searched with: the whole photo, and the thing in it."""

from dataclasses import dataclass, replace

from PIL import Image

from search.encoder.description_cache import Describer
from search.encoder.local_features import EncodedPictures
from search.query.cell_matching import QueryCells, query_cells
from search.query.regions import RegionProposer, best_region
from search.results import Box, Region, Vector

MARGIN = 0.05
"""Added to a proposed region on each side before it is encoded, as a share of the photo."""


@dataclass(frozen=True, slots=True)
class EncodedPhoto:
    """A shopper's photo as a model describes it."""

    vector: Vector  # (d,) float32, unit length; of the whole photo, or of the shopper's box
    cells: QueryCells
    regions: tuple[Region, ...] = ()  # things in the whole photo, best first
    box: Box | None = None  # drawn by the shopper, or the best region; None: neither
    region_vector: Vector | None = None  # (d,) float32, unit length, of the best region


def encode_photo(
    photo: Image.Image,
    box: Box | None,
    describer: Describer,
    proposer: RegionProposer,
    *,
    encode_region: bool = True,
) -> EncodedPhoto:
    """Encode a photo: the part that the shopper marked, or the whole and its best region.

    Args:
        photo: Upright, RGB.
        box: The part that the shopper marked; None: the proposer guesses.
        describer: The model, or a cache of its descriptions.
        proposer: Finds the things in the photo.
        encode_region: Whether the best region is encoded too where there is no box.
    """
    if box is not None:  # the regions are what else could be meant
        both = describer.describe([photo, box.crop(photo)])
        return _encoded(both.one(1), proposer.propose(photo, both.one(0)), box)
    whole = describer.describe([photo])
    regions = proposer.propose(photo, whole)
    best = best_region(regions) if encode_region else None
    if best is None:
        return _encoded(whole, regions, None)
    described = describer.describe([_with_margin(best.box).crop(photo)])
    return replace(_encoded(whole, regions, best.box), region_vector=described.vectors[0])


def _encoded(
    described: EncodedPictures, regions: tuple[Region, ...], box: Box | None
) -> EncodedPhoto:
    return EncodedPhoto(described.vectors[0], cells_of_photo(described), regions, box)


def cells_of_photo(described: EncodedPictures) -> QueryCells:
    """Return the cells of the one photo that was described."""
    return query_cells(described.patches[0], described.weights[0], described.share)


def _with_margin(box: Box) -> Box:
    """Return a box with some of its surroundings."""
    left, up = max(0.0, box.x - MARGIN), max(0.0, box.y - MARGIN)
    right, down = min(1.0, box.x + box.w + MARGIN), min(1.0, box.y + box.h + MARGIN)
    return Box(left, up, right - left, down - up)
