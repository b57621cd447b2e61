"""Armchairs, and the legs and buttons of upholstery."""

from __future__ import annotations

from indexer.sample.kinds.kind import DYE_NAMES, ProductKind
from indexer.sample.palette import COLOURS
from indexer.sample.paths import box, ellipse, revolved, spline
from indexer.sample.product_look import Look
from indexer.sample.svg_pen import CX, Paint, Pen

LEGS = ("round wooden legs", "tapered wooden legs", "metal legs")


def draw_legs(pen: Pen, trim: str, left: float, right: float, top: float, foot: float) -> None:
    """Draw four legs under a seat: two in front at `left` and `right`, two behind them."""
    inset = (right - left) * 0.14
    behind = ((left + inset, foot - 12), (right - inset, foot - 12))
    for (x, y), shade in (
        *((p, 0.7) for p in behind),
        *((p, 1.0) for p in ((left, foot), (right, foot))),
    ):
        out = 7 if x > (left + right) / 2 else -7
        if trim == "round wooden legs":
            paint = Paint(COLOURS["walnut"], "wood").lit(shade)
            pen.part(
                revolved(x, [(top, 11), ((top + y) / 2 - 3, 14), (y - 5, 10), (y, 7)], 0.2),
                paint,
                "round",
                soft=0.2,
            )
        elif trim == "metal legs":
            pen.tube(f"M{x:.1f} {top:.1f}V{y:.1f}", Paint((70, 70, 76), "metal").lit(shade), 6)
        else:
            d = (
                f"M{x - 9:.1f} {top:.1f}L{x + out - 3:.1f} {y:.1f}"
                f"H{x + out + 3:.1f}L{x + 9:.1f} {top:.1f}Z"
            )
            pen.part(d, Paint(COLOURS["oak"], "wood").lit(shade), "round", soft=0)


def draw_buttons(pen: Pen, paint: Paint, spots: list[tuple[float, float]]) -> None:
    """Draw covered buttons, each pulled into the upholstery."""
    for x, y in spots:
        pen.dent(ellipse(x, y, 7, 7), 0.55)
        pen.part(ellipse(x, y, 3.4, 3.4), paint.plain().lit(0.9), "ball", soft=0)


def draw_armchair(pen: Pen, look: Look) -> None:
    """Draw an armchair seen from the front."""
    {"wingback": _wingback, "tub": _tub, "club": _club, "slipper": _slipper}[look.shape](pen, look)


def _wingback(pen: Pen, look: Look) -> None:
    paint, w, top = look.paint, 92 * look.wide, 52 + (1 - look.tall) * 70
    draw_legs(pen, look.trim, CX - w * 0.84, CX + w * 0.84, 306, 356)
    back = [
        (CX, top), (CX + w * 0.6, top + 8), (CX + w * 0.9, top + 24), (CX + w * 0.84, 250),
        (CX + w * 0.8, 250),
    ]  # fmt: skip
    pen.mirrored_part(back, paint, "cloth", soft=0.8)
    draw_buttons(
        pen,
        paint,
        [
            (CX + dx * w * 0.3, y)
            for y, row in ((110, (-1, 1)), (150, (-1.6, 0, 1.6)), (190, (-1, 1)))
            for dx in row
        ],
    )
    for side in (-1, 1):
        wing = [
            (CX + side * w * 0.84, top + 10), (CX + side * w * 1.08, top + 40),
            (CX + side * w * 1.12, 150), (CX + side * w * 0.96, 200), (CX + side * w * 0.84, 204),
            (CX + side * w * 0.74, 150), (CX + side * w * 0.74, top + 60),
        ]  # fmt: skip
        pen.part(spline(wing), paint.lit(0.95), "cloth", soft=0.8)
    pen.part(box(CX - w * 0.86, 262, w * 1.72, 50, 10), paint.lit(0.92), "cloth", soft=0.6)
    pen.part(box(CX - w * 0.8, 228, w * 1.6, 46, 20), paint, "bar", soft=0.8)
    for side in (-1, 1):
        x = CX + side * w * 1.02
        pen.part(
            spline(
                [
                    (x - 20, 196), (x, 186), (x + 20, 196), (x + 21, 236), (x + 14, 314),
                    (x + 14, 314), (x - 14, 314), (x - 14, 314), (x - 21, 236),
                ]
            ),
            paint,
            "round",
            soft=0.7,
        )  # fmt: skip


def _tub(pen: Pen, look: Look) -> None:
    paint, w, top = look.paint, 116 * look.wide, 120 + (1 - look.tall) * 60
    draw_legs(pen, look.trim, CX - w * 0.66, CX + w * 0.66, 312, 358)
    shell = [
        (CX, top), (CX + w * 0.62, top + 12), (CX + w * 1.0, top + 62), (CX + w * 1.04, 230),
        (CX + w * 0.84, 312), (CX + w * 0.84, 318), (CX + w * 0.6, 322),
    ]  # fmt: skip
    pen.mirrored_part(shell, paint.lit(0.92), "round", soft=0.7)
    inner = [
        (CX, top + 14), (CX + w * 0.5, top + 24), (CX + w * 0.74, top + 72), (CX + w * 0.72, 246),
        (CX + w * 0.66, 258), (CX, 262),
    ]  # fmt: skip
    pen.mirrored_part(inner, paint.lit(0.86), "cloth", soft=0.9)
    for i in range(-3, 4):
        pen.fold(
            f"M{CX + i * w * 0.19:.1f} {top + 26 + abs(i) * 7}"
            f"Q{CX + i * w * 0.2:.1f} 200 {CX + i * w * 0.17:.1f} 244",
            5,
            0.4,
        )
    pen.part(
        spline(
            [
                (CX - w * 0.7, 240), (CX, 228), (CX + w * 0.7, 240), (CX + w * 0.74, 262),
                (CX + w * 0.66, 284), (CX, 294), (CX - w * 0.66, 284), (CX - w * 0.74, 262),
            ]
        ),
        paint,
        "bar",
        soft=0.8,
    )  # fmt: skip


def _club(pen: Pen, look: Look) -> None:
    paint, w, top = look.paint, 124 * look.wide, 112 + (1 - look.tall) * 60
    draw_legs(pen, look.trim, CX - w * 0.84, CX + w * 0.84, 316, 352)
    pen.part(box(CX - w * 0.72, top, w * 1.44, 150, 34), paint, "cloth", soft=0.9)
    pen.seam(
        f"M{CX - w * 0.64:.1f} {top + 22}Q{CX} {top + 8} {CX + w * 0.64:.1f} {top + 22}", paint
    )
    pen.part(box(CX - w * 0.7, 268, w * 1.4, 54, 8), paint.lit(0.9), "cloth", soft=0.6)
    pen.part(box(CX - w * 0.62, 222, w * 1.24, 56, 24), paint, "bar", soft=0.8)
    for side in (-1, 1):
        x = CX + side * w * 0.82
        pen.part(box(x - 31, 172, 62, 150, 26), paint, "round", soft=0.8)
        pen.part(ellipse(x, 198, 24, 21), paint.lit(0.96), "ball", soft=0.6)


def _slipper(pen: Pen, look: Look) -> None:
    paint, w, top = look.paint, 86 * look.wide, 76 + (1 - look.tall) * 60
    draw_legs(pen, look.trim, CX - w * 0.9, CX + w * 0.9, 300, 358)
    pen.mirrored_part(
        [
            (CX, top), (CX + w * 0.7, top + 4), (CX + w * 0.96, top + 34),
            (CX + w * 0.86, 250), (CX + w * 0.86, 250),
        ],
        paint,
        "cloth",
        soft=0.9,
    )  # fmt: skip
    for dx in (-0.5, 0.0, 0.5):
        pen.fold(f"M{CX + dx * w:.1f} {top + 22}V236", 6, 0.4)
    pen.part(
        spline(
            [
                (CX - w, 246), (CX, 236), (CX + w, 246), (CX + w * 1.1, 276), (CX + w, 304),
                (CX, 310), (CX - w, 304), (CX - w * 1.1, 276),
            ]
        ),
        paint,
        "bar",
        soft=0.8,
    )  # fmt: skip


UPHOLSTERY = {
    "velvet": DYE_NAMES,
    "linen": ("white", "beige", "grey", "blue", "green", "navy", "pink", "mustard"),
    "leather": ("black", "brown", "rust", "beige", "red", "navy", "green"),
    "wool": ("grey", "beige", "navy", "mustard", "teal", "purple"),
}


KINDS = (
    ProductKind(
        "armchair",
        "Home",
        "Home > Furniture > Armchairs",
        ("wingback", "tub", "club", "slipper"),
        UPHOLSTERY,
        (249, 1190),
        draw_armchair,
        patterns=("plain", "plain", "plain", "plain", "floral", "checked"),
        patterned=("linen", "wool"),
        trims=LEGS,
        synonyms=("easy chair", "lounge chair"),
    ),
)
