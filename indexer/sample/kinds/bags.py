"""Tote bags and backpacks."""

from __future__ import annotations

from indexer.sample.kinds.kind import DYE_NAMES, HIDES, ProductKind
from indexer.sample.palette import COLOURS
from indexer.sample.paths import box, ellipse, spline
from indexer.sample.product_look import Look
from indexer.sample.svg_pen import CX, Paint, Pen

BRASS = Paint(COLOURS["brass"], "brass")


def draw_tote(pen: Pen, look: Look) -> None:
    """Draw a tote bag: tall, wide or slouchy."""
    paint, w, foot = look.paint, 92 * look.wide, 352.0
    top = {"tall": 148.0, "wide": 196.0, "bucket": 168.0}[look.shape] + 40 * (1 - look.tall)
    if look.shape == "wide":
        w *= 1.34
    strap = Paint((150, 98, 58), "leather") if look.trim == "tan straps" else paint.plain().lit(0.9)
    rise = 104 if look.shape != "wide" else 84
    for shift, shade in ((10, 0.72), (0, 1.0)):
        arch = spline(
            [
                (CX - w * 0.42 + shift, top + 46 - 4 * shift),
                (CX - w * 0.36 + shift, top - rise * 0.6), (CX + shift, top - rise + shift * 0.5),
                (CX + w * 0.36 + shift, top - rise * 0.6),
                (CX + w * 0.42 + shift, top + 46 - 4 * shift),
            ],
            closed=False,
        )  # fmt: skip
        if shade < 1:
            pen.tube(arch, strap.lit(shade), 11)
            pen.part(ellipse(CX, top, w * 0.98, 13), paint.plain(), "inside", soft=0.2)
    body = {
        "tall": [
            (CX + w, top), (CX + w, top), (CX + w * 0.98, 250), (CX + w * 0.9, foot),
            (CX + w * 0.9, foot), (CX, foot + 3),
        ],
        "wide": [
            (CX + w, top), (CX + w, top), (CX + w * 0.92, 280), (CX + w * 0.74, foot),
            (CX + w * 0.74, foot), (CX, foot + 3),
        ],
        "bucket": [
            (CX + w * 0.86, top), (CX + w * 0.86, top), (CX + w * 1.1, 270), (CX + w * 1.08, 326),
            (CX + w * 0.82, foot), (CX, foot + 5),
        ],
    }[look.shape]  # fmt: skip
    pen.mirrored_part([(CX, top + 9), (CX, top + 9), *body], paint, "cloth", soft=0.6)
    _tote_front(pen, look, top, w, strap)


def _tote_front(pen: Pen, look: Look, top: float, w: float, strap: Paint) -> None:
    """Draw the folds, the near handle and its tabs."""
    paint, foot = look.paint, 352.0
    rise = 104 if look.shape != "wide" else 84
    for dx in (-0.5, 0.15, 0.6):
        pen.fold(
            f"M{CX + dx * w:.1f} {top + 40}Q{CX + dx * w * 1.1:.1f}"
            f" 270 {CX + dx * w * 0.8:.1f} {foot - 16}",
            10,
            0.25 if look.shape != "bucket" else 0.42,
        )
    pen.seam(
        f"M{CX - w * 0.9:.1f} {top + 14}Q{CX} {top + 24} {CX + w * 0.9:.1f} {top + 14}",
        paint,
        stitched=True,
    )
    front = spline(
        [
            (CX - w * 0.42, top + 50), (CX - w * 0.36, top - rise * 0.55),
            (CX, top - rise * 0.95), (CX + w * 0.36, top - rise * 0.55),
            (CX + w * 0.42, top + 50),
        ],
        closed=False,
    )  # fmt: skip
    pen.tube(front, strap, 12)
    for side in (-1, 1):
        pen.part(box(CX + side * w * 0.42 - 9, top + 26, 18, 32, 3), strap, "flat", soft=0.3)
    if look.material == "leather":
        pen.part(box(CX - 15, top + 62, 30, 18, 3), paint.plain().lit(0.85), "flat", soft=0.4)


def draw_backpack(pen: Pen, look: Look) -> None:
    """Draw a backpack: round-topped with a pocket, roll-top, or with a buckled flap."""
    paint, plain, w = look.paint, look.paint.plain(), 84 * look.wide
    top, foot = 78 + 60 * (1 - look.tall), 348.0
    _back_straps(pen, plain, top, w)
    leather = Paint((146, 94, 56), "leather")
    if look.shape == "roll-top":
        _roll_top(pen, look, top, w, leather)
    else:
        pen.mirrored_part(
            [
                (CX, top), (CX + w * 0.6, top + 10), (CX + w * 0.94, top + 70),
                (CX + w * 1.02, 230), (CX + w, foot - 22), (CX + w * 0.86, foot),
                (CX, foot + 3),
            ],
            paint,
            "cloth",
            soft=0.9,
        )  # fmt: skip
        pen.mirrored_part(
            [
                (CX, 226), (CX + w * 0.62, 228), (CX + w * 0.78, 250), (CX + w * 0.8, 316),
                (CX + w * 0.66, 336), (CX, 340),
            ],
            paint.lit(0.98),
            "cloth",
            soft=0.8,
        )  # fmt: skip
    if look.shape == "round":
        pen.line(
            f"M{CX - w * 0.8:.1f} 178Q{CX - w * 0.7:.1f} {top + 34} {CX}"
            f" {top + 30}Q{CX + w * 0.7:.1f} {top + 34} {CX + w * 0.8:.1f} 178",
            (60, 58, 58),
            3.4,
        )
        pen.line(f"M{CX - w * 0.58:.1f} 246H{CX + w * 0.58:.1f}", (60, 58, 58), 3)
        pen.part(box(CX + w * 0.4, 246, 7, 24, 3), BRASS, "round", soft=0)
    if look.shape == "flap":
        _flap(pen, paint, top, w, leather)


def _back_straps(pen: Pen, plain: Paint, top: float, w: float) -> None:
    """Draw the shoulder straps and the hand loop, behind the bag."""
    for side in (-1, 1):
        pen.tube(
            spline(
                [
                    (CX + side * w * 0.72, top + 44), (CX + side * w * 1.26, 190),
                    (CX + side * w * 1.16, 290), (CX + side * w * 0.86, 330),
                ],
                closed=False,
            ),
            plain.lit(0.7),
            15,
        )  # fmt: skip
    pen.tube(
        spline(
            [(CX - 22, top + 8), (CX - 16, top - 24), (CX + 16, top - 24), (CX + 22, top + 8)],
            closed=False,
        ),
        plain.lit(0.75),
        9,
    )


def _roll_top(pen: Pen, look: Look, top: float, w: float, leather: Paint) -> None:
    """Draw a bag whose rolled mouth is held by one strap."""
    paint, plain, foot = look.paint, look.paint.plain(), 348.0
    pen.mirrored_part(
        [
            (CX, top + 20), (CX + w * 0.78, top + 20), (CX + w * 0.78, top + 20),
            (CX + w * 0.98, 200), (CX + w, foot - 18), (CX + w * 0.9, foot),
            (CX, foot + 3),
        ],
        paint,
        "cloth",
        soft=0.8,
    )  # fmt: skip
    pen.part(box(CX - w * 0.86, top - 4, w * 1.72, 32, 14), plain.lit(1.04), "bar", soft=0.6)
    pen.tube(f"M{CX} {top - 2}V230", leather, 11)
    pen.part(box(CX - 12, 206, 24, 26, 4), BRASS, "bar", soft=0.1)
    pen.part(box(CX - w * 0.72, 248, w * 1.44, 84, 10), plain.lit(0.95), "cloth", soft=0.6)


def _flap(pen: Pen, paint: Paint, top: float, w: float, leather: Paint) -> None:
    """Draw the flap and its two buckled straps."""
    pen.mirrored_part(
        [
            (CX, top + 4), (CX + w * 0.7, top + 14), (CX + w * 0.94, top + 60),
            (CX + w * 0.92, 196), (CX + w * 0.7, 218), (CX, 222),
        ],
        paint.lit(1.05),
        "cloth",
        soft=0.7,
    )  # fmt: skip
    for dx in (-0.42, 0.42):
        pen.tube(f"M{CX + dx * w:.1f} 168V262", leather, 13)
        pen.part(box(CX + dx * w - 11, 222, 22, 20, 3), BRASS, "bar", soft=0.1)


_PRINTS = ("plain", "plain", "striped", "checked", "floral", "polka dot", "geometric")


KINDS = (
    ProductKind(
        "tote bag",
        "Fashion",
        "Fashion > Bags > Tote bags",
        ("tall", "wide", "bucket"),
        {"canvas": DYE_NAMES, "leather": HIDES, "jute": ("straw",)},
        (25, 220),
        draw_tote,
        patterns=_PRINTS,
        patterned=("canvas",),
        trims=("matching straps", "tan straps"),
        synonyms=("shopper bag", "shopping bag"),
    ),
    ProductKind(
        "backpack",
        "Fashion",
        "Fashion > Bags > Backpacks",
        ("round", "roll-top", "flap"),
        {"canvas": DYE_NAMES, "nylon": DYE_NAMES, "leather": ("black", "brown", "rust", "navy")},
        (49, 190),
        draw_backpack,
        patterns=("plain", "plain", "plain", "checked", "geometric", "floral"),
        patterned=("canvas",),
        synonyms=("rucksack", "knapsack"),
    ),
)
