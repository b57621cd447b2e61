"""The look of a product before it is drawn: kind, shape, colours, material, proportions.

Titles, descriptions and evaluation queries are checked against these facts. It refuses to draw.
"""

from __future__ import annotations

from dataclasses import dataclass

from indexer.sample.palette import FINISHES, Rgb
from indexer.sample.svg_pen import Paint


@dataclass(frozen=True, slots=True)
class Look:
    """Every visible fact of one product."""

    kind: str
    shape: str
    colour: str
    pattern: str
    material: str
    accent: str  # name of the pattern's second colour
    trim: str  # a further visible fact, such as "brass base"; empty if there is none
    rgb: Rgb
    accent_rgb: Rgb
    wide: float  # width relative to the usual one, about 0.9 to 1.1
    tall: float
    scale: float  # size of the pattern's repeat
    seed: int  # small accidents: folds, leaves, the time on a clock

    @property
    def paint(self) -> Paint:
        """The main covering."""
        painted = self.material == "wood" and self.colour not in FINISHES
        material = "lacquer" if painted else self.material
        return Paint(self.rgb, material, self.pattern, self.accent_rgb, self.scale)

    @property
    def accent_shows(self) -> bool:
        """Whether the second colour can be seen: a pattern, a ribbon, a tassel, a stripe."""
        return (
            self.pattern != "plain"
            or self.kind == "sneaker"
            or self.trim in ("tassel", "patch")
            or (self.kind in ("hat", "cap") and self.shape in ("fedora", "boater", "trucker"))
        )

    @property
    def key(self) -> tuple[str, ...]:
        """The facts by which a shopper can tell two products apart."""
        accent = self.accent if self.accent_shows else ""
        return (
            self.kind,
            self.shape,
            self.colour,
            self.pattern,
            self.material,
            accent,
            self.trim,
        )
