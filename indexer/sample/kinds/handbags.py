"""Handbags: satchel, saddle, box and clutch."""

from __future__ import annotations

from indexer.sample.kinds.bags import BRASS
from indexer.sample.kinds.kind import DYE_NAMES, ProductKind
from indexer.sample.palette import lit
from indexer.sample.paths import box, ellipse, polygon, spline
from indexer.sample.product_look import Look
from indexer.sample.svg_pen import CX, Paint, Pen


def draw_handbag(pen: Pen, look: Look) -> None:
    """Draw a handbag: satchel, half-moon saddle, box on a chain, or clutch."""
    paint, plain, w = look.paint, look.paint.plain(), 104 * look.wide
    foot = 342.0
    if look.shape == "satchel":
        _satchel(pen, look, foot, w)
    elif look.shape == "saddle":
        _saddle(pen, plain, w, paint, foot)
    elif look.shape == "box":
        _box(pen, w, paint, foot)
    else:
        _clutch(pen, paint, foot, w)
    if look.trim == "tassel":
        _tassel(pen, look, w)


def _tassel(pen: Pen, look: Look, w: float) -> None:
    """Hang a tassel on the bag."""
    x, y = CX + w * 0.62, 236.0
    pen.line(f"M{x:.1f} {y}v18", lit(look.accent_rgb, 0.8), 3)
    pen.part(
        polygon([(x - 5, y + 16), (x + 5, y + 16), (x + 10, y + 62), (x - 10, y + 62)]),
        Paint(look.accent_rgb, "leather"),
        "round",
        soft=0.3,
    )


def _clutch(pen: Pen, paint: Paint, foot: float, w: float) -> None:
    """Draw an envelope without a strap."""
    pen.part(
        polygon(
            [
                (CX - w * 1.16, 226), (CX + w * 1.16, 226), (CX + w * 1.12, foot),
                (CX - w * 1.12, foot),
            ]
        ),
        paint,
        "cloth",
        soft=0.7,
    )  # fmt: skip
    pen.part(
        polygon(
            [
                (CX - w * 1.18, 224), (CX + w * 1.18, 224), (CX + w * 0.2, 302),
                (CX - w * 0.2, 302),
            ]
        ),
        paint.lit(1.06),
        "cloth",
        soft=0.5,
    )  # fmt: skip
    pen.part(ellipse(CX, 290, 9, 9), BRASS, "ball", soft=0)


def _box(pen: Pen, w: float, paint: Paint, foot: float) -> None:
    """Draw a small stiff bag on a chain."""
    chain = spline(
        [
            (CX - w * 0.86, 226), (CX - w * 0.6, 110), (CX, 70), (CX + w * 0.6, 110),
            (CX + w * 0.86, 226),
        ],
        closed=False,
    )  # fmt: skip
    pen.line(chain, (142, 104, 40), 8, dashes="9 3")
    pen.line(chain, (232, 196, 110), 4, dashes="7 5")
    pen.part(box(CX - w * 0.94, 212, w * 1.88, foot - 212, 12), paint, "cloth", soft=0.7)
    pen.part(
        f"M{CX - w * 0.94:.1f} 216Q{CX - w * 0.94:.1f} 206 {CX - w * 0.84:.1f}"
        f" 206H{CX + w * 0.84:.1f}Q{CX + w * 0.94:.1f} 206"
        f" {CX + w * 0.94:.1f} 216V262L{CX} 298L{CX - w * 0.94:.1f} 262Z",
        paint.lit(1.06),
        "cloth",
        soft=0.6,
    )
    pen.part(box(CX - 13, 276, 26, 22, 5), BRASS, "bar", soft=0.1)


def _saddle(pen: Pen, plain: Paint, w: float, paint: Paint, foot: float) -> None:
    """Draw a half-moon bag on a long strap."""
    pen.tube(
        spline(
            [
                (CX - w * 0.96, 238), (CX - w * 0.8, 90), (CX, 46), (CX + w * 0.8, 90),
                (CX + w * 0.96, 238),
            ],
            closed=False,
        ),
        plain.lit(0.85),
        8,
    )  # fmt: skip
    pen.mirrored_part(
        [
            (CX, 214), (CX + w * 0.9, 216), (CX + w * 1.06, 240), (CX + w * 0.94, 306),
            (CX + w * 0.52, foot), (CX, foot + 6),
        ],
        paint,
        "cloth",
        soft=0.9,
    )  # fmt: skip
    pen.mirrored_part(
        [
            (CX, 208), (CX + w * 0.94, 212), (CX + w * 1.04, 232), (CX + w * 0.84, 276),
            (CX + w * 0.3, 300), (CX, 304),
        ],
        paint.lit(1.05),
        "cloth",
        soft=0.7,
    )  # fmt: skip
    pen.part(ellipse(CX, 294, 12, 12), BRASS, "ball", soft=0)


def _satchel(pen: Pen, look: Look, foot: float, w: float) -> None:
    """Draw a stiff bag with a top handle."""
    paint = look.paint
    plain = look.paint.plain()
    top = 202 + 50 * (1 - look.tall)
    pen.tube(
        spline(
            [(CX - 48, top + 8), (CX - 44, top - 62), (CX + 44, top - 62), (CX + 48, top + 8)],
            closed=False,
        ),
        plain.lit(0.9),
        13,
    )
    pen.mirrored_part(
        [
            (CX, top), (CX + w * 0.76, top), (CX + w * 0.84, top + 6),
            (CX + w * 1.1, foot - 14), (CX + w * 1.06, foot), (CX, foot + 2),
        ],
        paint,
        "cloth",
        soft=0.8,
    )  # fmt: skip
    pen.seam(f"M{CX - w * 0.9:.1f} {top + 44}H{CX + w * 0.9:.1f}", plain, stitched=True)
    for dx in (-48, 48):
        pen.part(ellipse(CX + dx, top + 12, 9, 9), BRASS, "ball", soft=0)
    pen.part(box(CX - 14, top + 30, 28, 34, 5), BRASS, "bar", soft=0.1)


KINDS = (
    ProductKind(
        "handbag",
        "Fashion",
        "Fashion > Bags > Handbags",
        ("satchel", "saddle", "box", "clutch"),
        {
            "leather": DYE_NAMES,
            "suede": ("brown", "beige", "black", "rust", "green", "purple"),
            "velvet": ("black", "green", "navy", "red", "purple", "teal"),
        },
        (59, 380),
        draw_handbag,
        trims=("", "", "tassel"),
        synonyms=("purse", "ladies' bag"),
    ),
)
