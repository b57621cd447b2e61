"""Repeating patterns as SVG pattern tiles: stripes, checks, dots, flowers, lattices.

Each is drawn in an accent colour on a ground colour. It refuses to shade.
"""

from __future__ import annotations

from math import cos, pi, sin

from indexer.sample.palette import Rgb, brightness, css, lit, mixed

PATTERNS = ("plain", "striped", "checked", "polka dot", "floral", "geometric")


def pattern_tile(
    name: str, pattern: str, ground: Rgb, accent: Rgb, scale: float, turn: float
) -> str:
    """Return the `<pattern>` element with id `name`.

    Args:
        name: The element's id.
        pattern: One of `PATTERNS` but plain.
        ground: The product's own colour.
        accent: The second colour.
        scale: Size of one repeat; 1 is a repeat of about 40 units.
        turn: Degrees to turn the pattern.
    """
    side, body = _BODIES[pattern](ground, accent)
    return (
        f'<pattern id="{name}" width="{side}" height="{side}" patternUnits="userSpaceOnUse" '
        f'patternTransform="scale({scale:.3f}) rotate({turn:.1f})">'
        f'<rect width="{side}" height="{side}" fill="{css(ground)}"/>{body}</pattern>'
    )


def _striped(_ground: Rgb, accent: Rgb) -> tuple[int, str]:
    return 28, f'<rect y="0" width="28" height="11" fill="{css(accent)}"/>'


def _checked(ground: Rgb, accent: Rgb) -> tuple[int, str]:
    half = css(mixed(ground, accent, 0.5))
    fine = css(mixed(ground, accent, 0.75))
    return 36, (
        f'<rect width="14" height="36" fill="{half}"/><rect width="36" height="14" fill="{half}"/>'
        f'<rect width="14" height="14" fill="{css(accent)}"/>'
        f'<rect x="24" width="2" height="36" fill="{fine}"/>'
        f'<rect y="24" width="36" height="2" fill="{fine}"/>'
    )


def _dotted(_ground: Rgb, accent: Rgb) -> tuple[int, str]:
    fill = css(accent)
    return (
        30,
        f'<circle cx="8" cy="8" r="5" fill="{fill}"/><circle cx="23" cy="23" r="5" fill="{fill}"/>',
    )


def _flower(cx: float, cy: float, size: float, petals: str, heart: str, spin: float) -> str:
    text = []
    for i in range(5):
        angle = 2 * pi * i / 5 + spin
        x, y = cx + size * cos(angle), cy + size * sin(angle)
        text.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size * 0.72:.1f}" fill="{petals}"/>')
    return "".join(text) + f'<circle cx="{cx}" cy="{cy}" r="{size * 0.62:.1f}" fill="{heart}"/>'


def _leaf(x: float, y: float, turn: float, fill: str) -> str:
    return (
        f'<path d="M0 0C4 -6 12 -6 15 0C12 5 4 5 0 0Z" fill="{fill}" '
        f'transform="translate({x} {y}) rotate({turn})"/>'
    )


def _floral(ground: Rgb, accent: Rgb) -> tuple[int, str]:
    petals, heart = css(accent), css((226, 178, 58) if accent[2] > 120 else (250, 240, 214))
    stem = css(lit((96, 134, 84), 1.25 if brightness(ground) < 0.4 else 0.9))
    leaves = _leaf(24, 20, 20, stem) + _leaf(10, 22, 140, stem) + _leaf(52, 50, 200, stem)
    leaves += _leaf(50, 40, -60, stem) + _leaf(22, 52, 80, stem)
    flowers = _flower(18, 16, 7, petals, heart, 0.2) + _flower(48, 46, 6, petals, heart, 0.8)
    small = _flower(47, 13, 3.4, petals, heart, 0.5) + _flower(15, 47, 3.6, petals, heart, 0.1)
    return 62, leaves + flowers + small


def _geometric(ground: Rgb, accent: Rgb) -> tuple[int, str]:
    fill, pale = css(accent), css(mixed(ground, accent, 0.45))
    return 40, (
        f'<path d="M20 2L38 20L20 38L2 20Z" fill="none" stroke="{fill}" stroke-width="4"/>'
        f'<path d="M20 13L27 20L20 27L13 20Z" fill="{fill}"/>'
        f'<path d="M0 -7L7 0L0 7L-7 0ZM40 -7L47 0L40 7L33 0ZM0 33L7 40L0 47L-7 40Z'
        f'M40 33L47 40L40 47L33 40Z" fill="{pale}"/>'
    )


_BODIES = {
    "striped": _striped,
    "checked": _checked,
    "polka dot": _dotted,
    "floral": _floral,
    "geometric": _geometric,
}
