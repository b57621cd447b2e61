"""The kinds of products that the sample shop can draw, grouped into modules.

Only the sample shop calls them. A kind knows shapes, materials and words; it writes no file.
"""

from __future__ import annotations

from indexer.sample.kinds import (
    armchairs,
    bags,
    boots_heels,
    chairs_tables,
    dresses,
    handbags,
    headwear,
    lighting,
    outdoors,
    plant_pots,
    rugs_clocks,
    sneakers,
    sofas,
    soft_seats,
    tableware,
    tops,
    trousers,
    vessels,
    wristwatches,
)
from indexer.sample.kinds.kind import ProductKind

_MODULES = (
    sneakers,
    boots_heels,
    bags,
    handbags,
    dresses,
    tops,
    trousers,
    headwear,
    wristwatches,
    outdoors,
    tableware,
    vessels,
    plant_pots,
    lighting,
    armchairs,
    sofas,
    soft_seats,
    chairs_tables,
    rugs_clocks,
)

KINDS: dict[str, ProductKind] = {kind.name: kind for module in _MODULES for kind in module.KINDS}

__all__ = ["KINDS", "ProductKind"]
