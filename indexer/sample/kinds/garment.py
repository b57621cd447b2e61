"""Parts of garments: folds, sleeves, a neck. It refuses to draw a whole garment."""

from __future__ import annotations

import random
from math import hypot

from indexer.sample.palette import brightness, lit
from indexer.sample.paths import Point, spline
from indexer.sample.product_look import Look
from indexer.sample.svg_pen import CX, Paint, Pen


def press_folds(
    pen: Pen, look: Look, x: float, top: float, foot: float, *, count: int = 5, flare: float = 1.3
) -> None:
    """Press long folds into hanging cloth, up to `x` from the middle at the top."""
    rng = random.Random(look.seed)  # noqa: S311 - art, not secrets
    depth = 0.5 if look.material in ("silk", "velvet") else 0.3
    for i in range(count):
        at = -1 + 2 * (i + 0.5) / count + rng.uniform(-0.1, 0.1)
        start = top + rng.uniform(0.05, 0.35) * (foot - top)
        sway = rng.uniform(-6, 6)
        d = (
            f"M{CX + at * x:.1f} {start:.1f}Q{CX + at * x * 1.05 + sway:.1f}"
            f" {(start + foot) / 2:.1f} {CX + at * x * flare:.1f} {foot:.1f}"
        )
        pen.fold(d, 9, depth)
        pen.begin("translate(9 0)")
        pen.fold(d, 7, -depth * 0.7)
        pen.end()


def draw_sleeves(
    pen: Pen, paint: Paint, shoulder: Point, pit: Point, cuff: Point, width: float
) -> None:
    """Draw both sleeves, under the body; the points are those of the right sleeve."""
    (sx, sy), (px, py), (qx, qy) = shoulder, pit, cuff
    along = (qx - (sx + px) / 2, qy - (sy + py) / 2)
    half = width / 2 / hypot(*along)
    outer, inner = (
        (qx + along[1] * half, qy - along[0] * half),
        (qx - along[1] * half, qy + along[0] * half),
    )
    cap = ((sx + outer[0]) / 2 + 7, (sy + outer[1]) / 2 - 3)
    for side in (-1, 1):
        pts = [
            (sx - 14, sy - 2), (sx - 14, sy - 2), (sx, sy + 1), cap, outer, outer, inner, inner,
            (px + 2, py + 10), (px - 14, py), (px - 14, py),
        ]  # fmt: skip
        d = spline([(CX + side * x, y) for x, y in pts])
        pen.part(
            d,
            Paint(
                paint.rgb, paint.material, paint.pattern, paint.accent, paint.scale, side * -14.0
            ).lit(0.96),
            "cloth",
            soft=0.5,
        )
        if qy - sy > 90:
            _sleeve_folds(pen, side, shoulder, pit, cuff)
        lift = 9 / hypot(*along)
        hem = [(CX + side * (x - along[0] * lift), y - along[1] * lift) for x, y in (outer, inner)]
        pen.seam(spline(hem, closed=False), paint, width=1.6)


def _sleeve_folds(pen: Pen, side: int, shoulder: Point, pit: Point, cuff: Point) -> None:
    """Press the folds of a long sleeve."""
    (sx, sy), (px, py), (qx, qy) = shoulder, pit, cuff
    pen.fold(
        f"M{CX + side * (px + 2):.1f} {py + 20:.1f}"
        f"L{CX + side * (px + qx) / 2 + side * 8:.1f} {(py + qy) / 2:.1f}",
        6,
        0.35,
    )
    pen.fold(
        f"M{CX + side * ((sx + qx) / 2 + 10):.1f} {(sy + qy) / 2 + 20:.1f}l{-side * 16} 10",
        5,
        0.3,
    )


def draw_neck(
    pen: Pen,
    paint: Paint,
    half: float,
    top: float,
    drop: float,
    *,
    vee: bool = False,
    rib: float = 0.0,
) -> None:
    """Draw the neck opening: the inside of the back, and the front edge."""
    if vee:
        front = f"L{CX} {top + drop:.1f}L{CX + half:.1f} {top:.1f}"
    else:
        front = (
            f"C{CX - half * 0.8:.1f} {top + drop * 1.3:.1f} {CX + half * 0.8:.1f}"
            f" {top + drop * 1.3:.1f} {CX + half:.1f} {top:.1f}"
        )
    back = f"Q{CX} {top + 10:.1f} {CX - half:.1f} {top:.1f}Z"
    pen.part(f"M{CX - half:.1f} {top:.1f}{front}{back}", paint.plain(), "inside", soft=0.2)
    edge = f"M{CX - half:.1f} {top:.1f}{front}"
    if rib:
        pen.line(edge, lit(paint.rgb, 0.88 if brightness(paint.rgb) > 0.25 else 1.12), rib)
    pen.line(edge, lit(paint.rgb, 0.7 if brightness(paint.rgb) > 0.25 else 1.3), 1.6)
