"""Stools and cushions."""

from __future__ import annotations

from indexer.sample.kinds.kind import DYE_NAMES, HIDES, ProductKind
from indexer.sample.palette import COLOURS
from indexer.sample.paths import ellipse, polyline, revolved, spline
from indexer.sample.product_look import Look
from indexer.sample.svg_pen import CX, Paint, Pen


def draw_stool(pen: Pen, look: Look) -> None:
    """Draw a stool: low three-legged, tall bar stool, or a legless pouf."""
    paint, w = look.paint, 76 * look.wide
    if look.shape == "pouf":
        _pouf(pen, w, paint)
        return
    top, spread, seat = (
        (190.0, w * 0.86, w * 1.12) if look.shape == "low" else (96.0, w * 0.78, w * 0.84)
    )
    legs = (
        Paint((70, 70, 76), "metal")
        if look.trim == "metal legs"
        else Paint(COLOURS["oak" if "oak" in look.trim else "walnut"], "wood")
    )
    width = 7 if look.trim == "metal legs" else 12
    for dx, y in ((-0.55, 338), (0.55, 338), (-1, 352), (1, 352)):
        pen.tube(
            polyline([(CX + dx * spread * 0.6, top + 16), (CX + dx * spread, y)]),
            legs.lit(0.8 if y < 350 else 1),
            width,
        )
    if look.shape == "bar":
        pen.tube(f"M{CX - spread * 0.9:.1f} 290H{CX + spread * 0.9:.1f}", legs, width * 0.8)
    deep = 16 if look.material == "wood" else 30
    pen.part(
        revolved(
            CX,
            [(top, seat), (top, seat), (top + deep * 0.5, seat * 1.02), (top + deep, seat * 0.94)],
            pen.tilt,
        ),
        paint,
        "round",
        soft=0.4,
    )
    pen.part(
        ellipse(CX, top, seat, seat * pen.tilt),
        paint.lit(1.08),
        "flat",
        soft=0.3 if deep < 20 else 0.8,
    )


def _pouf(pen: Pen, w: float, paint: Paint) -> None:
    """Draw a round, legless, ribbed seat."""
    body = [(200, w * 0.9), (226, w * 1.34), (276, w * 1.5), (322, w * 1.34), (344, w * 1.02)]
    pen.part(revolved(CX, [(y, float(r)) for y, r in body], pen.tilt), paint, "round", soft=0.9)
    pen.part(
        ellipse(CX, 204, w * 0.96, w * 0.96 * pen.tilt * 1.2), paint.lit(1.1), "flat", soft=0.7
    )
    for i in range(-3, 4):
        pen.fold(
            f"M{CX + i * w * 0.26:.1f} 218Q{CX + i * w * 0.52:.1f} 272 {CX + i * w * 0.34:.1f} 340",
            4,
            0.4,
        )


def draw_cushion(pen: Pen, look: Look) -> None:
    """Draw a cushion, plump and slightly turned."""
    paint, w, h = look.paint, 118 * look.wide, 116 * look.tall
    pen.begin(f"rotate({look.seed % 13 - 6} 200 200)")
    if look.shape == "round":
        _round_cushion(pen, paint, w)
    else:
        if look.shape == "rectangular":
            w, h = w * 1.28, h * 0.72
        x, y, bow = w, h, 0.06
        corners = [(CX - x, 200 - y), (CX + x, 200 - y), (CX + x, 200 + y), (CX - x, 200 + y)]
        mids = [
            (CX, 200 - y * (1 - bow)), (CX + x * (1 - bow), 200), (CX, 200 + y * (1 - bow)),
            (CX - x * (1 - bow), 200),
        ]  # fmt: skip
        points = [p for c, m in zip(corners, mids, strict=True) for p in (c, c, m)]
        if look.trim == "fringe":
            for side in (-1, 1):
                pen.line(
                    f"M{CX + side * (x - 2):.1f} {204 - y:.1f}Q{CX + side * x * 0.93:.1f}"
                    f" 200 {CX + side * (x - 2):.1f} {196 + y:.1f}",
                    paint.plain().lit(0.85).rgb,
                    22,
                    dashes="2 3",
                )
        pen.part(spline(points), paint, "ball", soft=1.0)
        for sx in (-1, 1):
            for sy in (-1, 1):
                pen.fold(
                    f"M{CX + sx * x * 0.94:.1f} {200 + sy * y * 0.94:.1f}Q{CX + sx * x * 0.7:.1f}"
                    f" {200 + sy * y * 0.74:.1f} {CX + sx * x * 0.56:.1f} {200 + sy * y * 0.5:.1f}",
                    6,
                    0.28,
                )
        pen.seam(spline(points), paint.plain(), width=2.4)
    pen.end()


def _round_cushion(pen: Pen, paint: Paint, w: float) -> None:
    """Draw a round cushion with a button that pulls its middle in."""
    pen.part(ellipse(CX, 200, w * 1.05, w * 1.02), paint, "ball", soft=1.0)
    for i in range(8):
        pen.fold(
            f"M200 200L{CX + w * 0.7 * (1, 0.7, 0, -0.7, -1, -0.7, 0, 0.7)[i]:.1f}"
            f" {200 + w * 0.7 * (0, 0.7, 1, 0.7, 0, -0.7, -1, -0.7)[i]:.1f}",
            4,
            0.22,
        )
    pen.part(ellipse(CX, 200, 9, 9), paint.plain().lit(0.9), "ball", soft=0.2)


KINDS = (
    ProductKind(
        "stool",
        "Home",
        "Home > Furniture > Stools",
        ("low", "bar", "pouf"),
        {"wood": ("oak", "walnut", "black", "white"), "velvet": DYE_NAMES, "leather": HIDES},
        (49, 240),
        draw_stool,
        trims=("oak legs", "walnut legs", "metal legs"),
        synonyms=(),
    ),
    ProductKind(
        "cushion",
        "Home",
        "Home > Textiles > Cushions",
        ("square", "round", "rectangular"),
        {
            "velvet": DYE_NAMES,
            "linen": DYE_NAMES,
            "cotton": DYE_NAMES,
            "knit": ("white", "grey", "beige", "mustard", "pink", "teal", "rust"),
        },
        (15, 69),
        draw_cushion,
        rest="flat",
        patterns=("plain", "plain", "striped", "checked", "floral", "geometric", "polka dot"),
        patterned=("linen", "cotton"),
        trims=("", "", "fringe"),
        synonyms=("throw pillow", "scatter cushion"),
    ),
)
