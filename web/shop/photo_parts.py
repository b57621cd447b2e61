"""The parts of a shopper's photo that can be searched, each with its address."""

from dataclasses import dataclass

from search.query.regions import WHOLE
from search.results import Box, SearchPage
from web.rendering.language import gettext
from web.shop.result_addresses import Address

ALL_OF_IT = Box(0, 0, 1, 1)


@dataclass(frozen=True, slots=True)
class PhotoPart:
    """A part of the photo."""

    box: Box
    label: str
    current: bool  # what this page is about
    address: Address  # the search for this part

    @property
    def area(self) -> float:
        """Its share of the photo."""
        return self.box.w * self.box.h


@dataclass(frozen=True, slots=True)
class PhotoParts:
    """What a page offers of a photo."""

    parts: tuple[PhotoPart, ...]  # the largest first, so that those inside it lie above it
    whole: Address  # the search for all of it
    whole_is_current: bool
    at: Box | None  # what this page is about; None: the whole

    @property
    def at_field(self) -> str:
        """Return `x,y,w,h` of what this page is about; empty: the whole."""
        return "" if self.at is None else as_field(self.at)


def photo_parts(found: SearchPage, address: Address) -> PhotoParts:
    """Return the parts that a page offers; where nothing stands out, none but the whole."""
    at = found.looked_at
    boxes = [region.box for region in found.regions if not _is_whole(region.box)]
    if at is not None and not _is_whole(at) and not any(box.near(at) for box in boxes):
        boxes.append(at)  # one that the shopper drew
    parts = [
        PhotoPart(
            box=box,
            label=gettext("Search this part, %(number)s of %(all)s", number=number, all=len(boxes)),
            current=box.near(at),
            address=address.looking_at(as_field(box)),
        )
        for number, box in enumerate(boxes, 1)
    ]
    return PhotoParts(
        parts=tuple(sorted(parts, key=lambda part: -part.area)),
        whole=address.looking_at(as_field(ALL_OF_IT)),
        whole_is_current=at is None or _is_whole(at),
        at=None if at is None or _is_whole(at) else at,
    )


def as_field(box: Box) -> str:
    """Return `x,y,w,h`."""
    return ",".join(f"{side:.4g}" for side in (box.x, box.y, box.w, box.h))


def _is_whole(box: Box) -> bool:
    return box.w * box.h >= WHOLE
