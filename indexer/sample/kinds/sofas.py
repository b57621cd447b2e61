"""Sofas, seen from the front."""

from __future__ import annotations

from indexer.sample.kinds.armchairs import LEGS, UPHOLSTERY, draw_buttons, draw_legs
from indexer.sample.kinds.kind import ProductKind
from indexer.sample.paths import box, ellipse, spline
from indexer.sample.product_look import Look
from indexer.sample.svg_pen import CX, Paint, Pen


def draw_sofa(pen: Pen, look: Look) -> None:
    """Draw a sofa seen from the front."""
    paint, w, top = look.paint, 172 * look.wide**0.5, 134 + (1 - look.tall) * 50
    draw_legs(pen, look.trim, CX - w * 0.88, CX + w * 0.88, 296, 334)
    if look.shape == "curved":
        _curved_sofa(pen, paint, w, top)
        return
    if look.shape == "chesterfield":
        pen.part(box(CX - w * 0.9, top + 10, w * 1.8, 132, 20), paint, "cloth", soft=0.8)
        spots = [
            (CX + (i - 4 + 0.5 * (row % 2)) * w * 0.2, top + 46 + row * 26)
            for row in range(3)
            for i in range(1, 8)
        ]
        draw_buttons(pen, paint, spots)
        for x, y in spots:
            pen.fold(
                f"M{x:.1f} {y:.1f}l{w * 0.1:.1f} 26M{x:.1f} {y:.1f}l{-w * 0.1:.1f} 26", 3, 0.25
            )
        pen.part(box(CX - w * 0.94, top, w * 1.88, 28, 14), paint, "bar", soft=0.7)
    else:
        pen.part(box(CX - w * 0.86, top, w * 1.72, 130, 18), paint.lit(0.9), "cloth", soft=0.7)
        for side in (-1, 1):
            pen.part(
                box(CX - (w * 0.8 if side < 0 else 0), top + 6, w * 0.8, 124, 24),
                paint,
                "cloth",
                soft=0.9,
            )
    pen.part(box(CX - w * 0.88, 256, w * 1.76, 46, 6), paint.lit(0.88), "cloth", soft=0.5)
    for i in (-1, 0):
        pen.part(box(CX + i * w * 0.78, 226, w * 0.78, 44, 16), paint, "bar", soft=0.7)
    for side in (-1, 1):
        x = CX + side * w * 0.9
        if look.shape == "chesterfield":
            pen.part(box(x - 24, top + 16, 48, 286 - top, 10), paint.lit(0.94), "round", soft=0.6)
            pen.part(ellipse(x, top + 28, 31, 29), paint, "ball", soft=0.7)
        else:
            pen.part(box(x - 22, 182, 44, 120, 9), paint, "round", soft=0.6)


def _curved_sofa(pen: Pen, paint: Paint, w: float, top: float) -> None:
    back = [
        (CX, top), (CX + w * 0.6, top + 10), (CX + w * 1.0, top + 64), (CX + w * 1.02, 250),
        (CX + w * 0.92, 296), (CX, 306),
    ]  # fmt: skip
    pen.mirrored_part(back, paint, "round", soft=0.9)
    inner = [
        (CX, top + 26), (CX + w * 0.54, top + 36), (CX + w * 0.8, top + 86), (CX + w * 0.8, 246),
        (CX, 256),
    ]  # fmt: skip
    pen.mirrored_part(inner, paint.lit(0.9), "cloth", soft=0.9)
    pen.part(
        spline(
            [
                (CX - w * 0.82, 236), (CX, 224), (CX + w * 0.82, 236), (CX + w * 0.88, 258),
                (CX + w * 0.8, 282), (CX, 292), (CX - w * 0.8, 282), (CX - w * 0.88, 258),
            ]
        ),
        paint,
        "bar",
        soft=0.8,
    )  # fmt: skip


KINDS = (
    ProductKind(
        "sofa",
        "Home",
        "Home > Furniture > Sofas",
        ("track-arm", "chesterfield", "curved"),
        UPHOLSTERY,
        (599, 2890),
        draw_sofa,
        trims=LEGS,
        synonyms=("couch", "settee"),
    ),
)
