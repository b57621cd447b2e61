"""Dining chairs and tables."""

from __future__ import annotations

from indexer.sample.kinds.kind import DYE_NAMES, ProductKind
from indexer.sample.palette import COLOURS
from indexer.sample.paths import box, ellipse, polygon, polyline, revolved, spline
from indexer.sample.product_look import Look
from indexer.sample.svg_pen import CX, Paint, Pen


def draw_chair(pen: Pen, look: Look) -> None:
    """Draw a dining chair, three quarters from the front."""
    paint, w = look.paint, 66 * look.wide
    top = 56 + (1 - look.tall) * 70
    legs = (
        Paint(COLOURS["oak"], "wood") if look.trim == "oak legs" else Paint((56, 56, 60), "metal")
    )
    frame = paint if look.material == "wood" else legs
    width = 11 if frame.material in ("wood", "lacquer") else 7
    seat = 226.0
    back_y = 336.0
    for dx in (-1, 1):
        pen.tube(
            polyline([(CX + dx * w * 0.72 + 12, seat), (CX + dx * w * 0.8 + 14, back_y)]),
            frame.lit(0.75),
            width,
        )
    if look.shape == "spindle":
        _spindles(pen, paint, seat, top, w)
    elif look.shape == "ladder":
        _ladder(pen, paint, seat, top, w)
    elif look.shape == "shell":
        _shell(pen, paint, top, seat, w)
    else:
        for dx in (-1, 1):
            pen.tube(
                polyline([(CX + dx * w * 0.7 + 10, seat), (CX + dx * w * 0.7 + 13, top + 60)]),
                frame,
                width,
            )
        pen.part(box(CX - w * 0.94 + 13, top, w * 1.88, 118, 26), paint, "cloth", soft=0.9)
    _chair_front(pen, look, w, frame, width)


def _chair_front(pen: Pen, look: Look, w: float, frame: Paint, width: float) -> None:
    """Draw the seat and the front legs."""
    paint, seat, front_y = look.paint, 226.0, 356.0
    thick = 12 if look.material in ("wood", "plastic") else 24
    d = spline(
        [
            (CX - w * 0.9 + 10, seat - 18), (CX - w * 0.9 + 10, seat - 18),
            (CX + w * 0.9 + 16, seat - 18), (CX + w * 0.9 + 16, seat - 18),
            (CX + w * 1.08, seat + 20), (CX + w * 1.0, seat + 20 + thick),
            (CX + w * 1.0, seat + 20 + thick), (CX - w * 1.0, seat + 20 + thick),
            (CX - w * 1.0, seat + 20 + thick), (CX - w * 1.08, seat + 20),
        ]
    )  # fmt: skip
    for dx in (-1, 1):
        pen.tube(
            polyline([(CX + dx * w * 0.88, seat + 26), (CX + dx * w * 1.0, front_y)]), frame, width
        )
    pen.part(d, paint, "cloth", soft=0.6 if thick > 20 else 0.3)
    pen.part(
        f"M{CX - w * 1.06:.1f} {seat + 20:.1f}H{CX + w * 1.06:.1f}"
        f"L{CX + w:.1f} {seat + 20 + thick:.1f}H{CX - w:.1f}Z",
        paint.lit(0.85),
        "bar",
        soft=0.3,
    )


def _shell(pen: Pen, paint: Paint, top: float, seat: float, w: float) -> None:
    """Draw a back that runs into the seat."""
    pen.part(
        spline(
            [
                (CX - w * 0.9 + 8, top + 40), (CX + 12, top + 6),
                (CX + w * 0.96 + 16, top + 40), (CX + w * 1.12 + 14, seat - 40),
                (CX + w * 1.0 + 8, seat + 14), (CX, seat + 20), (CX - w * 1.0, seat + 14),
                (CX - w * 1.08, seat - 40),
            ]
        ),
        paint,
        "cloth",
        soft=0.7,
    )  # fmt: skip


def _ladder(pen: Pen, paint: Paint, seat: float, top: float, w: float) -> None:
    """Draw a back of three slats between two posts."""
    for dx in (-1, 1):
        pen.tube(
            polyline([(CX + dx * w * 0.82 + 10, seat), (CX + dx * w * 0.84 + 14, top)]),
            paint,
            12,
        )
    for y in (top + 22, top + 66, top + 110):
        pen.tube(
            spline(
                [(CX - w * 0.8 + 13, y), (CX + 13, y - 8), (CX + w * 0.84 + 13, y)],
                closed=False,
            ),
            paint,
            17,
        )


def _spindles(pen: Pen, paint: Paint, seat: float, top: float, w: float) -> None:
    """Draw a back of thin rods under a bent rail."""
    for dx in (-1, 1):
        pen.tube(
            polyline([(CX + dx * w * 0.82 + 10, seat), (CX + dx * w * 0.9 + 16, top + 8)]),
            paint,
            11,
        )
    for i in range(-2, 3):
        pen.tube(
            polyline([(CX + i * w * 0.3 + 10, seat - 4), (CX + i * w * 0.32 + 15, top + 18)]),
            paint,
            6,
        )
    pen.tube(
        spline(
            [(CX - w * 1.02 + 14, top + 16), (CX + 15, top), (CX + w * 1.02 + 16, top + 16)],
            closed=False,
        ),
        paint,
        22,
    )


def draw_table(pen: Pen, look: Look) -> None:
    """Draw a table: round pedestal, rectangular, trestle or a low drum."""
    paint, w = look.paint, 150 * look.wide**0.6
    legs = {
        "wooden legs": look.paint if look.material == "wood" else Paint(COLOURS["oak"], "wood"),
        "black metal legs": Paint((50, 50, 54), "metal"),
        "brass legs": Paint(COLOURS["brass"], "brass"),
    }[look.trim]
    rod = 15 if legs.material in ("wood", "lacquer") else 8
    top = 196 + (1 - look.tall) * 50
    if look.shape in ("round", "side"):
        _round_table(pen, look, w, top, legs, rod)
        return
    depth = w * pen.tilt * 1.3
    back = ((CX - w * 0.76, 330), (CX + w * 0.76, 330))
    front = ((CX - w * 0.92, 356), (CX + w * 0.92, 356))
    if look.shape == "trestle":
        for side in (-1, 1):
            x = CX + side * w * 0.66
            for dx in (-26, 26):
                pen.tube(polyline([(x + dx * 0.3, top), (x + dx, 350)]), legs, rod)
            pen.tube(f"M{x - 16:.1f} 306H{x + 16:.1f}", legs, rod * 0.7)
    else:
        for (x, y), shade in (*((p, 0.72) for p in back), *((p, 1.0) for p in front)):
            pen.tube(f"M{x:.1f} {top + depth / 2:.1f}V{y}", legs.lit(shade), rod)
    pen.part(
        polygon(
            [
                (CX - w * 0.84, top - depth / 2), (CX + w * 0.84, top - depth / 2),
                (CX + w, top + depth / 2), (CX - w, top + depth / 2),
            ]
        ),
        paint.lit(1.05),
        "flat",
        soft=0.08,
    )  # fmt: skip
    pen.part(box(CX - w, top + depth / 2, 2 * w, 13, 2), paint.lit(0.78), "bar", soft=0.1)


def _round_table(pen: Pen, look: Look, w: float, top: float, legs: Paint, rod: float) -> None:
    """Draw a round top on a pedestal or on three legs."""
    paint = look.paint
    r = w * (0.94 if look.shape == "round" else 0.58)
    if look.shape == "round":
        pen.part(
            revolved(CX, [(top, 20), (top + 70, 12), (336, 22), (346, 70), (352, 74)], pen.tilt),
            legs,
            "round",
            soft=0.3,
        )
    else:
        for dx, y in ((0.1, 330), (-0.8, 348), (0.8, 348)):
            pen.tube(polyline([(CX + dx * r * 0.7, top), (CX + dx * r, y)]), legs, rod)
    pen.part(
        revolved(CX, [(top, r), (top, r), (top + 14, r * 0.98)], pen.tilt),
        paint.lit(0.82),
        "round",
        soft=0.1,
    )
    pen.part(ellipse(CX, top, r, r * pen.tilt), paint.lit(1.04), "flat", soft=0.1)


_PAINTED = ("oak", "walnut", "black", "white")


KINDS = (
    ProductKind(
        "chair",
        "Home",
        "Home > Furniture > Chairs",
        ("spindle", "ladder", "shell", "upholstered"),
        {
            "wood": (*_PAINTED, "green", "navy", "red", "teal"),
            "plastic": DYE_NAMES,
            "velvet": DYE_NAMES,
            "leather": ("black", "brown", "rust"),
        },
        (59, 320),
        draw_chair,
        trims=("oak legs", "black legs"),
        synonyms=("kitchen chair", "dining room chair"),
    ),
    ProductKind(
        "table",
        "Home",
        "Home > Furniture > Tables",
        ("round", "rectangular", "trestle", "side"),
        {"wood": _PAINTED, "marble": ("marble",), "metal": ("black", "white", "green", "mustard")},
        (89, 890),
        draw_table,
        trims=("wooden legs", "black metal legs", "brass legs"),
        synonyms=(),
    ),
)
