"""The pen: collects shaded, textured shapes and writes them as three SVG sheets.

The colour sheet holds paint and light. The map sheet has the same outlines without anti-aliasing;
its pixels tell the texture and the softness of each part, from which the studio makes surface
texture and rounded edges. The relief sheet holds folds and sheen, which the studio blurs. It
refuses to render anything itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from indexer.sample.materials import CODES, MATERIALS
from indexer.sample.palette import Rgb, css, lit
from indexer.sample.paths import Point, mirrored
from indexer.sample.patterns import pattern_tile

SHEET = 400
"""Width and height of the drawing, in its own units."""
CX = SHEET / 2
"""The drawing's vertical axis."""

Stops = tuple[tuple[float, float], ...]
"""(offset, light factor) pairs; a factor of 1 leaves the paint as it is."""


_FORMS: dict[str, tuple[Stops, str]] = {
    "flat": (((0.0, 1.06), (1.0, 0.94)), "slant"),
    "cloth": (((0.0, 1.08), (0.5, 1.0), (1.0, 0.86)), "slant"),
    "top": (((0.0, 1.12), (1.0, 1.2)), "slant"),
    "side": (((0.0, 0.82), (1.0, 0.66)), "down"),
    "inside": (((0.0, 0.42), (1.0, 0.72)), "down"),
    "glow": (((0.0, 1.1), (0.55, 1.42), (1.0, 1.12)), "down"),
}
"""Forms that do not depend on gloss -> light along them, and the gradient's direction."""


@dataclass(frozen=True, slots=True)
class Paint:
    """The covering of a part."""

    rgb: Rgb
    material: str
    pattern: str = "plain"
    accent: Rgb = (255, 255, 255)
    scale: float = 1.0  # size of the pattern's repeat
    turn: float = 0.0  # degrees the pattern is turned

    def plain(self) -> Paint:
        """Return the same paint without its pattern."""
        return replace(self, pattern="plain")

    def dyed(self, rgb: Rgb) -> Paint:
        """Return the same material in another plain colour."""
        return replace(self, rgb=rgb, pattern="plain")

    def lit(self, factor: float) -> Paint:
        """Return the paint under more or less light."""
        return replace(self, rgb=lit(self.rgb, factor), accent=lit(self.accent, factor))


@dataclass
class Pen:
    """Draws one thing on a 400 by 400 sheet, y downwards."""

    light: float = -1.0  # where light comes from: -1 left, 1 right
    tilt: float = 0.22  # height over width of a horizontal circle, as the camera sees it
    colour: list[str] = field(default_factory=list)
    map: list[str] = field(default_factory=list)
    relief: list[str] = field(default_factory=list)
    _defs: dict[str, str] = field(default_factory=dict)
    _parts: int = 0

    def part(
        self, d: str, paint: Paint, form: str = "flat", *, soft: float = 0.4, opacity: float = 1.0
    ) -> None:
        """Cover an outline.

        Args:
            d: A closed path.
            paint: Its covering.
            form: Its shape in the light: flat, round (upright cylinder), bar (lying cylinder),
                ball, cloth, top, side, inside.
            soft: How far its edges are rounded, 0 (sheet) to 1 (cushion).
            opacity: Below 1 for glass and gauze.
        """
        stops, kind = self._stops(form, MATERIALS[paint.material].gloss)
        seen = "" if opacity >= 1 else f' fill-opacity="{opacity:.2f}"'
        if paint.pattern == "plain":
            fill = self._gradient(kind, [(at, css(lit(paint.rgb, k)), 1.0) for at, k in stops])
            self.colour.append(f'<path d="{d}" fill="{fill}"{seen}/>')
        else:
            self.colour.append(f'<path d="{d}" fill="{self._pattern(paint)}"{seen}/>')
            veil = [(at, "#fff" if k > 1 else "#0a0a18", min(abs(k - 1), 0.9)) for at, k in stops]
            self.colour.append(f'<path d="{d}" fill="{self._gradient(kind, veil)}"/>')
        self._mark(d, paint.material, soft)

    def mirrored_part(
        self, right: Sequence[Point], paint: Paint, form: str, *, soft: float
    ) -> None:
        """Cover a symmetric outline, given its right half; see `mirrored` and `part`."""
        self.part(mirrored(right, CX), paint, form, soft=soft)

    def flat(self, d: str, rgb: Rgb, *, opacity: float = 1.0) -> None:
        """Fill an outline with one colour and leave the surface under it as it is."""
        self.colour.append(f'<path d="{d}" fill="{css(rgb)}" fill-opacity="{opacity:.2f}"/>')

    def line(
        self, d: str, rgb: Rgb, width: float, *, opacity: float = 1.0, dashes: str = ""
    ) -> None:
        """Draw a thin line on a surface: a seam, a stitch, a hand of a clock."""
        dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
        cap = "butt" if width > 7 and dashes else "round"
        self.colour.append(
            f'<path d="{d}" fill="none" stroke="{css(rgb)}" stroke-width="{width:.1f}" '
            f'stroke-linecap="{cap}" stroke-linejoin="round" stroke-opacity="{opacity:.2f}"'
            f"{dashed}/>"
        )

    def glow(self, d: str, rgb: Rgb) -> None:
        """Let light shine through a surface, strongest in the middle."""
        stops = [(0.0, css(rgb), 0.5), (0.4, css(rgb), 0.32), (1.0, css(rgb), 0.0)]
        self.colour.append(f'<path d="{d}" fill="{self._gradient("centre", stops)}"/>')

    def seam(self, d: str, paint: Paint, *, stitched: bool = False, width: float = 1.3) -> None:
        """Draw where two pieces are sewn together."""
        dark = sum(paint.rgb) < 210
        tone = lit(paint.rgb, 1.3 if dark else 0.66)
        self.line(d, tone, width, opacity=0.85, dashes="3.5 3" if stitched else "")

    def tube(self, d: str, paint: Paint, width: float, *, soft: float = 0.0) -> None:
        """Draw a rod, a leg, a strap along an open path, rounded across."""
        if paint.material == "wood":
            paint = replace(paint, material="timber")
        gloss = MATERIALS[paint.material].gloss
        common = 'fill="none" stroke-linejoin="round"'
        layers = ((1.0, 0.62, 0.0), (0.74, 0.9, 0.06), (0.42, 1.06 + 0.12 * gloss, 0.14))
        for share, factor, shift in layers:
            dx = width * shift * self.light
            self.colour.append(
                f'<path d="{d}" transform="translate({dx:.1f} {-abs(dx) * 0.6:.1f})" {common} '
                f'stroke="{css(lit(paint.rgb, factor))}" stroke-width="{width * share:.1f}"/>'
            )
        if gloss > 0.4:
            self.line(d, lit(paint.rgb, 1.75), width * 0.12, opacity=0.7 * gloss)
        self._parts += 1
        self.map.append(
            f'<path d="{d}" {common} stroke="{self._code(paint.material, soft)}" '
            f'stroke-width="{width:.1f}"/>'
        )

    def fold(self, d: str, width: float = 7.0, depth: float = 0.35) -> None:
        """Press a soft dark fold (or, with a negative depth, a soft sheen) into the surface."""
        tone = "#000" if depth > 0 else "#fff"
        self.relief.append(
            f'<path d="{d}" fill="none" stroke="{tone}" stroke-width="{width:.1f}" '
            f'stroke-linecap="round" stroke-opacity="{min(abs(depth), 1):.2f}"/>'
        )

    def dent(self, d: str, depth: float = 0.35) -> None:
        """Darken (or, with a negative depth, lighten) an area softly."""
        tone = "#000" if depth > 0 else "#fff"
        self.relief.append(f'<path d="{d}" fill="{tone}" fill-opacity="{min(abs(depth), 1):.2f}"/>')

    def begin(self, transform: str) -> None:
        """Draw what follows through an SVG transform, until `end`."""
        for sheet in (self.colour, self.map, self.relief):
            sheet.append(f'<g transform="{transform}">')

    def end(self) -> None:
        """Close the last `begin`."""
        for sheet in (self.colour, self.map, self.relief):
            sheet.append("</g>")

    def colour_svg(self, extra: str = "") -> str:
        """Return the colour sheet, drawn through the SVG transform `extra`."""
        return _sheet("".join(self._defs.values()), self.colour, extra)

    def map_svg(self, extra: str = "") -> str:
        """Return the map sheet: red is the texture, green the part, blue the softness."""
        return _sheet("", self.map, extra)

    def relief_svg(self, extra: str = "") -> str:
        """Return the relief sheet: folds, to be laid over mid grey and blurred."""
        return _sheet("", self.relief, extra)

    def _mark(self, d: str, material: str, soft: float) -> None:
        self._parts += 1
        self.map.append(f'<path d="{d}" fill="{self._code(material, soft)}"/>')

    def _code(self, material: str, soft: float) -> str:
        part = self._parts * 67 % 251 + 2
        return f"#{CODES[material]:02x}{part:02x}{round(soft * 255):02x}"

    def _pattern(self, paint: Paint) -> str:
        key = f"t{paint.rgb}{paint.accent}{paint.pattern}{paint.scale:.2f}{paint.turn:.0f}"
        if key not in self._defs:
            name = f"d{len(self._defs)}"
            self._defs[key] = pattern_tile(
                name, paint.pattern, paint.rgb, paint.accent, paint.scale, paint.turn
            )
        return f"url(#{self._name(key)})"

    def _gradient(self, kind: str, stops: list[tuple[float, str, float]]) -> str:
        body = "".join(
            f'<stop offset="{at:.2f}" stop-color="{tone}" stop-opacity="{alpha:.2f}"/>'
            for at, tone, alpha in stops
        )
        key = kind + body
        if key not in self._defs:
            name = f"d{len(self._defs)}"
            if kind in ("radial", "centre"):
                place = f'cx="{0.5 + 0.16 * self.light:.2f}" cy="0.34" r="0.72"'
                if kind == "centre":
                    place = 'cx="0.5" cy="0.6" r="0.5"'
                self._defs[key] = f'<radialGradient id="{name}" {place}>{body}</radialGradient>'
            else:
                x2, y2 = {"across": (1, 0), "down": (0, 1), "slant": (0.6, 1)}[kind]
                place = f'x1="0" y1="0" x2="{x2}" y2="{y2}"'
                self._defs[key] = f'<linearGradient id="{name}" {place}>{body}</linearGradient>'
        return f"url(#{self._name(key)})"

    def _name(self, key: str) -> str:
        return f"d{list(self._defs).index(key)}"

    def _stops(self, form: str, gloss: float) -> tuple[Stops, str]:
        """Return light along a form, and the direction of the gradient."""
        if form == "round":
            shine = 1.08 + 0.55 * gloss**1.5
            stops: Stops = (
                (0.0, 0.66),
                (0.12, 0.9),
                (0.24, 1.02),
                (0.3, shine),
                (0.36, 1.03),
                (0.6, 0.93),
                (0.84, 0.7),
                (0.94, 0.6),
                (1.0, 0.68 + 0.2 * gloss),
            )
            return (stops if self.light < 0 else _reversed(stops)), "across"
        if form == "metal":
            stops = (
                (0.0, 0.5),
                (0.1, 0.95),
                (0.2, 0.72),
                (0.3, 1.55),
                (0.4, 1.1),
                (0.58, 0.62),
                (0.75, 0.82),
                (0.88, 1.2),
                (1.0, 0.55),
            )
            return (stops if self.light < 0 else _reversed(stops)), "across"
        if form == "ball":
            return (
                (0.0, 1.12 + 0.5 * gloss),
                (0.14, 1.06 + 0.1 * gloss),
                (0.5, 0.95),
                (0.8, 0.72),
                (0.95, 0.56),
                (1.0, 0.62),
            ), "radial"
        if form == "bar":
            return ((0.0, 0.92), (0.28, 1.12 + 0.3 * gloss), (0.6, 0.92), (1.0, 0.6)), "down"
        return _FORMS[form]


def _reversed(stops: Stops) -> Stops:
    return tuple((1 - at, factor) for at, factor in reversed(stops))


def _sheet(defs: str, shapes: list[str], extra: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SHEET} {SHEET}">'
        f'<defs>{defs}</defs><g transform="{extra or "translate(0 0)"}">{"".join(shapes)}</g></svg>'
    )
