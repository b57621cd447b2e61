"""Rugs and clocks."""

from __future__ import annotations

from math import cos, pi, sin

from indexer.sample.kinds.kind import DYE_NAMES, ProductKind
from indexer.sample.palette import brightness, lit
from indexer.sample.paths import box, ellipse, polyline, revolved, star
from indexer.sample.product_look import Look
from indexer.sample.svg_pen import CX, Paint, Pen


def draw_rug(pen: Pen, look: Look) -> None:
    """Draw a rug from above and in front."""
    paint = look.paint
    w, h = 152 * look.wide**0.5, 108 * look.tall
    if look.shape == "runner":
        w, h = 66 * look.wide, 172.0
    border = lit(look.rgb, 0.72 if brightness(look.rgb) > 0.3 else 1.3)
    pen.begin("translate(200 206) skewX(-7) scale(1 0.94)")
    if look.shape in ("round", "oval"):
        ry = h if look.shape == "oval" else w * 0.94
        pen.part(ellipse(0, 0, w, ry), paint, "flat", soft=0.25)
        if look.trim == "bordered":
            pen.line(ellipse(0, 0, w - 12, ry - 12), border, 9)
    else:
        if look.trim == "fringed":
            for y in (-h, h):
                pen.line(
                    f"M{-w + 3:.1f} {y:.1f}H{w - 3:.1f}", (236, 226, 204), 24, dashes="1.5 5.5"
                )
        pen.part(box(-w, -h, 2 * w, 2 * h, 3), paint, "flat", soft=0.25)
        if look.trim == "bordered":
            pen.line(box(-w + 14, -h + 14, 2 * w - 28, 2 * h - 28), border, 11)
    pen.end()


def draw_clock(pen: Pen, look: Look) -> None:
    """Draw a clock showing its own time."""
    paint, w = look.paint, 104 * look.wide
    cx, cy = CX, 200.0
    dark = look.trim == "black dial"
    dial = (46, 46, 50) if dark else (248, 246, 240)
    ink = (240, 238, 230) if dark else (44, 44, 50)
    if look.shape == "alarm":
        w, cy = w * 0.9, 218.0
        for side in (-1, 1):
            pen.tube(polyline([(cx + side * 46, cy + 70), (cx + side * 74, cy + 122)]), paint, 13)
            pen.begin(f"rotate({side * 32} {cx} {cy})")
            pen.part(
                revolved(cx, [(cy - w - 36, 6), (cy - w - 30, 26), (cy - w - 8, 38)], 0.1),
                paint,
                "round",
                soft=0.2,
            )
            pen.end()
        pen.tube(f"M{cx - 18} {cy - w}V{cy - w - 34}H{cx + 18}V{cy - w}", paint, 7)
    if look.shape == "sunburst":
        w *= 0.74
        pen.part(star(cx, cy, w * 2.05, w * 0.9, 18), paint, "ball", soft=0.1)
    if look.shape == "square":
        pen.part(box(cx - w * 1.06, cy - w * 1.06, w * 2.12, w * 2.12, 22), paint, "flat", soft=0.4)
        pen.part(
            box(cx - w * 0.9, cy - w * 0.9, w * 1.8, w * 1.8, 14),
            Paint(dial, "enamel"),
            "flat",
            soft=0.3,
        )
    else:
        pen.part(ellipse(cx, cy, w * 1.1, w * 1.1), paint, "ball", soft=0.4)
        pen.part(ellipse(cx, cy, w * 0.93, w * 0.93), Paint(dial, "enamel"), "flat", soft=0.35)
    _dial(pen, look, cx, cy, w * 0.84, ink)


def _dial(pen: Pen, look: Look, cx: float, cy: float, r: float, ink: tuple[int, int, int]) -> None:
    for i in range(12):
        angle = pi * i / 6
        inner = r * (0.8 if i % 3 == 0 else 0.88)
        pen.line(
            polyline(
                [
                    (cx + inner * sin(angle), cy - inner * cos(angle)),
                    (cx + r * 0.96 * sin(angle), cy - r * 0.96 * cos(angle)),
                ]
            ),
            ink,
            r * (0.05 if i % 3 == 0 else 0.025),
        )
    hour, minute = look.seed % 12, look.seed * 7 % 60
    for turn, length, width in (
        (pi * (hour + minute / 60) / 6, 0.5, 0.06),
        (pi * minute / 30, 0.76, 0.04),
    ):
        pen.line(
            polyline([(cx, cy), (cx + r * length * sin(turn), cy - r * length * cos(turn))]),
            ink,
            r * width,
        )
    pen.flat(ellipse(cx, cy, r * 0.055, r * 0.055), (190, 60, 44))


KINDS = (
    ProductKind(
        "rug",
        "Home",
        "Home > Textiles > Rugs",
        ("rectangular", "round", "runner", "oval"),
        {"wool": DYE_NAMES, "cotton": DYE_NAMES, "jute": ("straw",)},
        (49, 620),
        draw_rug,
        rest="flat",
        patterns=("plain", "striped", "geometric", "checked", "floral", "geometric"),
        patterned=("wool", "cotton"),
        trims=("fringed", "bordered", ""),
        synonyms=("carpet", "floor rug"),
    ),
    ProductKind(
        "clock",
        "Home",
        "Home > Decoration > Clocks",
        ("round", "square", "alarm", "sunburst"),
        {"metal": DYE_NAMES, "wood": ("oak", "walnut", "black"), "brass": ("brass",)},
        (25, 140),
        draw_clock,
        rest="wall",
        trims=("white dial", "white dial", "black dial"),
        synonyms=(),
    ),
)
