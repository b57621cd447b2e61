"""The parts of a shopper's photo that can be searched, each with its address."""

from dataclasses import dataclass

from search.query.regions import WHOLE
from search.results import Box, SearchPage
from web.rendering.language import gettext
from web.shop.result_addresses import Address

WHOLE_PHOTO = Box(0, 0, 1, 1)


@dataclass(frozen=True, slots=True)
class PhotoPart:
    """A part of the photo."""

    box: Box
    label: str
    current: bool  # the results are for this part
    address: Address  # the search for this part

    @property
    def area(self) -> float:
        """Its share of the photo."""
        return self.box.w * self.box.h


@dataclass(frozen=True, slots=True)
class PhotoParts:
    """The parts of a photo that a page offers."""

    parts: tuple[PhotoPart, ...]  # the largest first, so that those inside it lie above it
    whole: Address  # the search for the whole photo
    whole_is_current: bool
    at: Box | None  # the part that the results are for; None: the whole

    @property
    def current_field(self) -> str:
        """The part that the results are for as `x,y,w,h`; empty: the whole."""
        return "" if self.at is None else as_field(self.at)


def photo_parts(found: SearchPage, address: Address) -> PhotoParts:
    """Return the parts that a page offers; where no thing was found, the whole alone."""
    at = found.looked_at
    boxes = [region.box for region in found.regions if not _is_whole(region.box)]
    if at is not None and not _is_whole(at) and not any(box.near(at) for box in boxes):
        boxes.append(at)  # one that the shopper drew
    parts = [
        PhotoPart(
            box=box,
            label=gettext("Search this part, %(number)s of %(all)s", number=number, all=len(boxes)),
            current=box.near(at),
            address=address.with_box(as_field(box)),
        )
        for number, box in enumerate(boxes, 1)
    ]
    return PhotoParts(
        parts=tuple(sorted(parts, key=lambda part: -part.area)),
        whole=address.with_box(as_field(WHOLE_PHOTO)),
        whole_is_current=at is None or _is_whole(at),
        at=None if at is None or _is_whole(at) else at,
    )


def as_field(box: Box) -> str:
    """Return `x,y,w,h`."""
    return ",".join(f"{side:.4g}" for side in (box.x, box.y, box.w, box.h))


def _is_whole(box: Box) -> bool:
    return box.w * box.h >= WHOLE
