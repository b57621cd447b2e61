"""Every kind of product the sample shop can draw."""

from __future__ import annotations

from indexer.sample.kinds import (
    accessories,
    bags,
    clothing,
    footwear,
    furniture,
    lighting,
    seating,
    tableware,
)
from indexer.sample.kinds.kind import Kind

KINDS: dict[str, Kind] = {
    kind.name: kind
    for room in (footwear, bags, clothing, accessories, tableware, lighting, seating, furniture)
    for kind in room.KINDS
}

__all__ = ["KINDS", "Kind"]
