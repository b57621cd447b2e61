"""Plant pots, each with a plant."""

from __future__ import annotations

import random

from indexer.sample.kinds.kind import DYE_NAMES, ProductKind
from indexer.sample.palette import Rgb, lit, mixed
from indexer.sample.paths import band, ellipse, revolved, spline
from indexer.sample.product_look import Look
from indexer.sample.svg_pen import CX, Paint, Pen

GREEN: Rgb = (74, 128, 70)


def draw_plant_pot(pen: Pen, look: Look) -> None:
    """Draw a pot with a plant in it."""
    w, h, foot = 70 * look.wide, 122 * look.tall, 348.0
    top = foot - h
    bodies = {
        "tapered": [(top, w * 1.05), (foot, w * 0.7)],
        "round": [
            (top, w * 0.8), (top + h * 0.45, w * 1.15), (foot - 10, w * 0.8), (foot, w * 0.6),
        ],
        "cylinder": [(top, w * 0.92), (foot, w * 0.92)],
        "footed": [(top, w), (foot - 46, w * 0.94), (foot - 34, w * 0.8)],
    }  # fmt: skip
    body = bodies[look.shape]
    _plant(pen, look, top)
    if look.shape == "footed":
        for dx in (-0.62, 0.0, 0.62):
            pen.tube(
                f"M{CX + w * dx:.1f} {foot - 50}L{CX + w * dx * 1.15:.1f} {foot + 6}",
                Paint((190, 146, 96), "wood"),
                10,
            )
    y, r = body[0]
    pen.part(revolved(CX, body, pen.tilt), look.paint, "round", soft=0.4)
    if look.shape == "tapered":
        pen.part(
            band(CX, y, r + 5, 24, r + 2, pen.tilt), look.paint.plain().lit(1.04), "round", soft=0.3
        )
        r += 5
    pen.part(ellipse(CX, y, r, r * pen.tilt), look.paint.plain().lit(1.15), "flat", soft=0)
    pen.part(
        ellipse(CX, y + 1, r - 7, (r - 7) * pen.tilt), Paint((70, 50, 38), "wool"), "flat", soft=0.3
    )
    _plant(pen, look, top, front=True)


def _plant(pen: Pen, look: Look, top: float, *, front: bool = False) -> None:
    rng = random.Random(look.seed * 2 + front)  # noqa: S311 - art, not secrets
    count = 5 if front else 8
    style = look.seed % 3
    for i in range(count):
        lean = (i - (count - 1) / 2) * (34 if style == 0 else 26) + rng.uniform(-8, 8)
        height = rng.uniform(84, 150) * (0.6 if front else 1)
        tint = mixed(GREEN, (120, 160, 80), rng.random() * 0.6)
        leaf = Paint(lit(tint, 0.9 if not front else 1.08), "leaf")
        x, y = CX + lean * 1.5, top - height + abs(lean) * 0.6
        foot = (CX + lean * 0.3, top + 4)
        if style == 1:
            half = rng.uniform(7, 10)
            d = spline(
                [
                    foot,
                    foot,
                    (foot[0] + lean * 0.3 - half, top - height * 0.5),
                    (x, y),
                    (x, y),
                    (foot[0] + lean * 0.3 + half, top - height * 0.45),
                    foot,
                ]
            )
        else:
            pen.line(
                spline([foot, (foot[0] + lean * 0.2, top - height * 0.4), (x, y)], closed=False),
                lit(tint, 0.7),
                3,
            )
            size = rng.uniform(20, 30) if style == 0 else rng.uniform(14, 20)
            d = spline(
                [
                    (x, y + size), (x, y + size), (x - size * 0.75, y),
                    (x + lean * 0.16, y - size * 1.1), (x + lean * 0.16, y - size * 1.1),
                    (x + size * 0.75, y),
                ]
            )  # fmt: skip
        pen.part(d, leaf, "flat", soft=0.35)
        if style != 1:
            pen.line(
                f"M{x:.1f} {y + 16:.1f}L{x + lean * 0.1:.1f} {y - 14:.1f}", lit(tint, 1.3), 1.2
            )


KINDS = (
    ProductKind(
        "plant pot",
        "Home",
        "Home > Garden > Plant pots",
        ("tapered", "round", "cylinder", "footed"),
        {
            "ceramic": DYE_NAMES,
            "terracotta": ("terracotta",),
            "concrete": ("grey", "white", "black"),
            "rattan": ("straw", "brown"),
        },
        (12, 70),
        draw_plant_pot,
        patterns=("plain", "plain", "striped", "geometric"),
        patterned=("ceramic",),
        synonyms=("planter", "flower pot"),
    ),
)
