"""Colours of the sample shop, under names that shoppers use, and their lighter and darker shades.

The named colours lie so far apart that none is mistaken for another, even after jitter. It knows
only colours, not products.
"""

from __future__ import annotations

import random

Rgb = tuple[int, int, int]

DYES: dict[str, Rgb] = {
    "black": (40, 40, 44),
    "white": (243, 241, 236),
    "grey": (142, 145, 150),
    "beige": (220, 203, 174),
    "brown": (106, 68, 42),
    "rust": (190, 88, 40),
    "red": (200, 28, 38),
    "pink": (240, 160, 182),
    "mustard": (224, 170, 38),
    "green": (58, 122, 62),
    "teal": (20, 132, 134),
    "blue": (62, 130, 212),
    "navy": (30, 42, 92),
    "purple": (118, 68, 156),
}
"""Fourteen dyes for cloth, leather, paint and glaze."""

FINISHES: dict[str, Rgb] = {
    "oak": (208, 168, 116),
    "walnut": (104, 66, 42),
    "brass": (201, 158, 72),
    "gold": (212, 170, 82),
    "silver": (188, 193, 200),
    "straw": (222, 193, 132),
    "terracotta": (196, 106, 72),
    "marble": (232, 231, 229),
    "clear": (214, 230, 233),
}
"""Colours that belong to a material, not to a dye."""

COLOURS: dict[str, Rgb] = DYES | FINISHES


def jittered(name: str, rng: random.Random) -> Rgb:
    """Return the named colour with a few percent of random change, like a dye lot."""
    gain = rng.uniform(0.94, 1.06)
    red, green, blue = (channel * gain * rng.uniform(0.975, 1.025) for channel in COLOURS[name])
    return _clipped(red), _clipped(green), _clipped(blue)


def lit(rgb: Rgb, factor: float) -> Rgb:
    """Return a colour under less (factor < 1) or more (factor > 1, towards white) light.

    Shade leans to blue and light leans to yellow, as it does under a studio lamp.
    """
    if factor <= 1:
        red, green, blue = (channel * factor for channel in rgb)
        return _clipped(red), _clipped(green), _clipped(blue + (1 - factor) * 10)
    mix = min(factor - 1, 1.0)
    red, green, blue = (channel + (255 - channel) * mix for channel in rgb)
    return _clipped(red), _clipped(green), _clipped(blue - mix * 6)


def mixed(first: Rgb, second: Rgb, share: float) -> Rgb:
    """Return a mix of two colours; `share` (0 to 1) is that of the second."""
    red, green, blue = (a + (b - a) * share for a, b in zip(first, second, strict=True))
    return _clipped(red), _clipped(green), _clipped(blue)


def brightness(rgb: Rgb) -> float:
    """Return the relative luminance, 0 (black) to 1 (white), without gamma."""
    return (0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2]) / 255


def css(rgb: Rgb) -> str:
    """Return the colour as SVG writes it."""
    return f"#{rgb[0]:02x}{rgb[1]:02x}{rgb[2]:02x}"


def _clipped(channel: float) -> int:
    return max(0, min(255, round(channel)))
