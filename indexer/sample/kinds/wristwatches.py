"""Wristwatches, upright, strap above and below."""

from __future__ import annotations

from math import cos, pi, sin

from indexer.sample.kinds.kind import HIDES, ProductKind
from indexer.sample.palette import COLOURS, Rgb, lit
from indexer.sample.paths import box, ellipse, polyline
from indexer.sample.product_look import Look
from indexer.sample.svg_pen import CX, Paint, Pen


def draw_watch(pen: Pen, look: Look) -> None:
    """Draw a wristwatch, upright, strap above and below."""
    paint, w = look.paint, 62 * look.wide
    case_rgb: Rgb = COLOURS["gold"] if look.trim.startswith("gold") else COLOURS["silver"]
    case = Paint(case_rgb, "metal")
    dial_rgb: Rgb = {"white": (246, 245, 240), "black": (34, 34, 38), "blue": (38, 66, 120)}[
        look.trim.split()[-2]
    ]
    half = w * (0.62 if look.shape != "rectangular" else 0.5)
    for sign in (-1, 1):
        strap = [
            (CX - half, 200 + sign * 44), (CX + half, 200 + sign * 44),
            (CX + half * 0.76, 200 + sign * 176), (CX - half * 0.76, 200 + sign * 176),
        ]  # fmt: skip
        pen.part(
            "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in strap) + "Z",
            paint,
            "metal" if look.material == "steel" else "round",
            soft=0.4,
        )
        if look.material == "steel":
            _links(pen, look, sign, half)
        elif look.material == "leather":
            for dx in (-1, 1):
                pen.seam(
                    f"M{CX + dx * (half - 6):.1f} {200 + sign * 50}"
                    f"L{CX + dx * (half * 0.76 - 5):.1f} {200 + sign * 170}",
                    paint,
                    stitched=True,
                    width=1.6,
                )
        if sign > 0 and look.material != "steel":
            for i in range(4):
                pen.flat(ellipse(CX, 276 + i * 20, 2.6, 3.4), lit(look.rgb, 0.3))
    if look.material != "steel":
        pen.line(box(CX - half * 0.86, 22, half * 1.72, 22, 5), case_rgb, 4.5)
    pen.part(box(CX + w * 0.92, 194, 16, 13, 3), case, "bar", soft=0)
    _watch_face(pen, look, case, dial_rgb, w)


def _links(pen: Pen, look: Look, sign: int, half: float) -> None:
    """Draw the links of a metal bracelet."""
    for i in range(9):
        y = 200 + sign * (58 + i * 13)
        x = half * (1 - 0.24 * (14 + i * 13) / 132) - 1
        pen.line(f"M{CX - x:.1f} {y}H{CX + x:.1f}", lit(look.rgb, 0.55), 1.6)
    for dx in (-0.34, 0.34):
        pen.line(
            f"M{CX + dx * half:.1f} {200 + sign * 44}"
            f"L{CX + dx * half * 0.78:.1f} {200 + sign * 174}",
            lit(look.rgb, 0.62),
            1.2,
        )


def _watch_face(pen: Pen, look: Look, case: Paint, dial_rgb: Rgb, w: float) -> None:
    dial = Paint(dial_rgb, "enamel")
    if look.shape == "round":
        pen.part(ellipse(CX, 200, w, w), case, "metal", soft=0.3)
        pen.part(ellipse(CX, 200, w * 0.84, w * 0.84), dial, "flat", soft=0.4)
        rx = ry = w * 0.74
    else:
        rx, ry = (w * 0.74, w * 0.74) if look.shape == "square" else (w * 0.6, w * 0.92)
        pen.part(
            box(CX - rx - 15, 200 - ry - 15, 2 * rx + 30, 2 * ry + 30, 15), case, "metal", soft=0.3
        )
        pen.part(
            box(CX - rx - 5, 200 - ry - 5, 2 * rx + 10, 2 * ry + 10, 8), dial, "flat", soft=0.4
        )
    ink = (238, 236, 226) if sum(dial_rgb) < 380 else (46, 46, 50)
    for i in range(12):
        angle = pi * i / 6
        x, y = sin(angle), -cos(angle)
        if look.shape != "round":
            stretch = 1 / max(abs(x), abs(y))
            x, y = x * stretch, y * stretch
        pen.line(
            polyline(
                [
                    (CX + rx * x * 0.82, 200 + ry * y * 0.82),
                    (CX + rx * x * 0.97, 200 + ry * y * 0.97),
                ]
            ),
            ink,
            4.4 if i % 3 == 0 else 2,
        )
    hour, minute = look.seed % 12, look.seed * 11 % 60
    reach = min(rx, ry)
    for turn, length, width in (
        (pi * (hour + minute / 60) / 6, 0.5, 5.0),
        (pi * minute / 30, 0.76, 3.4),
    ):
        pen.line(
            polyline(
                [(CX, 200), (CX + reach * length * sin(turn), 200 - reach * length * cos(turn))]
            ),
            ink,
            width,
        )
    pen.flat(ellipse(CX, 200, 4, 4), case.rgb)


KINDS = (
    ProductKind(
        "wrist watch",
        "Fashion",
        "Fashion > Accessories > Watches",
        ("round", "square", "rectangular"),
        {
            "leather": HIDES,
            "steel": ("silver", "gold"),
            "rubber": ("black", "white", "blue", "red", "green", "teal", "mustard"),
        },
        (59, 690),
        draw_watch,
        rest="flat",
        trims=tuple(
            f"{metal} case, {dial} dial"
            for metal in ("gold", "silver")
            for dial in ("white", "black", "blue")
        ),
        synonyms=("wristwatch", "watch"),
    ),
)
