"""Dresses and skirts, laid out as on an invisible figure."""

from __future__ import annotations

from collections.abc import Sequence

from indexer.sample.kinds.garment import draw_neck, draw_sleeves, press_folds
from indexer.sample.kinds.kind import DYE_NAMES, ProductKind
from indexer.sample.palette import lit
from indexer.sample.paths import Point, box, ellipse
from indexer.sample.product_look import Look
from indexer.sample.svg_pen import CX, Paint, Pen


def draw_dress(pen: Pen, look: Look) -> None:
    """Draw a dress."""
    paint, w = look.paint, 58 * look.wide
    foot = {"shift": 296.0, "a-line": 312.0, "maxi": 366.0, "wrap": 330.0, "slip": 340.0}[
        look.shape
    ] + 30 * (look.tall - 1)
    waist = {
        "shift": w * 1.0,
        "a-line": w * 0.72,
        "maxi": w * 0.72,
        "wrap": w * 0.74,
        "slip": w * 0.82,
    }[look.shape]
    hem = {
        "shift": w * 1.2,
        "a-line": w * 2.05,
        "maxi": w * 2.0,
        "wrap": w * 1.7,
        "slip": w * 1.35,
    }[look.shape]
    half = 26 if look.shape != "slip" else 30
    top, pit = (40, 108) if look.shape != "slip" else (84, 112)
    _dress_sleeves(pen, look, paint, w)
    right: Sequence[Point] = [
        (CX + half, top), (CX + half, top), (CX + w * 0.92, top + 10), (CX + w * 0.92, top + 10),
        (CX + w * 0.96, pit), (CX + w * 0.96, pit), *_skirt_side(look.shape, waist, hem, foot),
        (CX + hem, foot), (CX + hem, foot), (CX, foot + 10),
    ]  # fmt: skip
    pen.mirrored_part(right, paint, "cloth", soft=0.5)
    press_folds(
        pen,
        look,
        waist * 0.9,
        184,
        foot,
        count={"shift": 3, "slip": 4}.get(look.shape, 7),
        flare=hem / waist * 0.94,
    )
    _dress_details(pen, look, waist, hem, foot)


def _dress_sleeves(pen: Pen, look: Look, paint: Paint, w: float) -> None:
    """Draw sleeves or straps, behind the body."""
    if look.shape in ("shift", "wrap"):
        draw_sleeves(
            pen,
            paint,
            (w * 0.92, 50),
            (w * 0.98, 112),
            (w + 26, 140) if look.shape == "shift" else (w + 34, 206),
            48 if look.shape == "shift" else 36,
        )
    if look.shape == "slip":
        for side in (-1, 1):
            pen.line(
                f"M{CX + side * w * 0.62:.1f} 92Q{CX + side * w * 0.5:.1f}"
                f" 60 {CX + side * w * 0.36:.1f} 34",
                lit(paint.rgb, 0.85),
                3.6,
            )


def _skirt_side(shape: str, waist: float, hem: float, foot: float) -> list[Point]:
    """Return the side of a dress from waist to hem: a corner at a belted waist, else smooth."""
    if shape in ("shift", "slip"):
        return [(CX + waist, 178), (CX + waist + (hem - waist) * 0.5, 178 + (foot - 178) * 0.4)]
    return [
        (CX + waist, 176),
        (CX + waist, 176),
        (CX + (waist + hem) / 2 + 4, 176 + (foot - 176) * 0.42),
    ]


def _dress_details(pen: Pen, look: Look, waist: float, hem: float, foot: float) -> None:
    """Draw the neck, the belt, and the seams of the skirt."""
    paint = look.paint
    half, top = (26, 40) if look.shape != "slip" else (30, 84)
    if look.shape == "wrap":
        draw_neck(pen, paint, half, top, 92, vee=True)
        pen.fold(f"M{CX} 132L{CX + waist:.1f} 174", 4, 0.4)
        pen.seam(f"M{CX - 4} 178Q{CX + 24} 260 {CX + hem * 0.4:.1f} {foot + 8:.1f}", paint, width=2)
    elif look.shape == "slip":
        draw_neck(pen, paint, half * 1.3, top, 30, vee=True)
    else:
        draw_neck(pen, paint, half, top, 30)
    if look.shape in ("a-line", "maxi", "wrap"):
        pen.part(
            box(CX - waist - 1, 168, 2 * waist + 2, 15, 4), paint.plain().lit(0.8), "bar", soft=0.2
        )
    if look.shape == "wrap":
        for dx in (-9, 10):
            pen.tube(
                f"M{CX + waist - 10:.1f} 178q{dx} 26 {dx * 1.4:.1f} 56", paint.plain().lit(0.9), 6
            )
    if look.shape == "maxi":
        for y in (258, 312):
            k = (y - 176) / (foot - 176)
            x = waist + (hem - waist) * k
            pen.seam(f"M{CX - x:.1f} {y}Q{CX} {y + 12} {CX + x:.1f} {y}", paint, width=2)
            pen.fold(f"M{CX - x + 4:.1f} {y + 4}Q{CX} {y + 16} {CX + x - 4:.1f} {y + 4}", 6, 0.4)


def draw_skirt(pen: Pen, look: Look) -> None:
    """Draw a skirt."""
    paint, w = look.paint, 64 * look.wide
    top = 84.0
    foot = {"mini": 230.0, "pleated": 296.0, "pencil": 292.0, "tiered": 330.0}[look.shape] + 30 * (
        look.tall - 1
    )
    hem = {"mini": w * 1.75, "pleated": w * 2.05, "pencil": w * 1.0, "tiered": w * 2.0}[look.shape]
    hip = {"pencil": w * 1.3, "mini": w * 1.36}.get(look.shape, w * 1.4)
    right = [
        (CX + w * 0.9, top), (CX + w * 0.9, top), (CX + hip, top + (foot - top) * 0.4),
        (CX + hem, foot), (CX + hem, foot), (CX, foot + 10),
    ]  # fmt: skip
    pen.mirrored_part(right, paint, "cloth", soft=0.5)
    if look.shape == "pleated":
        for i in range(-7, 8):
            x0, x1 = i * w * 0.12, i * hem * 0.135
            pen.fold(f"M{CX + x0:.1f} {top + 14}L{CX + x1:.1f} {foot + 4:.1f}", 6, 0.55)
            pen.fold(f"M{CX + x0 + 4:.1f} {top + 14}L{CX + x1 + 9:.1f} {foot + 4:.1f}", 5, -0.4)
    elif look.shape == "pencil":
        pen.fold(f"M{CX + w * 0.7:.1f} {top + 40}L{CX + hem * 0.8:.1f} {foot - 10:.1f}", 9, 0.25)
        pen.seam(f"M{CX + hem * 0.34:.1f} {foot - 60:.1f}V{foot + 8:.1f}", paint, width=2.2)
    else:
        press_folds(pen, look, w * 0.9, top + 20, foot, count=6, flare=hem / w)
    if look.shape == "tiered":
        for k in (0.36, 0.68):
            y = top + (foot - top) * k
            x = w * 0.9 + (hem - w * 0.9) * (k + 0.06)
            pen.seam(
                f"M{CX - x:.1f} {y:.1f}Q{CX} {y + 12:.1f} {CX + x:.1f} {y:.1f}", paint, width=2.2
            )
            pen.fold(
                f"M{CX - x:.1f} {y + 5:.1f}Q{CX} {y + 17:.1f} {CX + x:.1f} {y + 5:.1f}", 7, 0.45
            )
    pen.part(box(CX - w * 0.92, top - 8, w * 1.84, 22, 4), paint.plain().lit(0.88), "bar", soft=0.2)
    if look.trim == "buttons":
        for i in range(5):
            pen.part(
                ellipse(CX, top + 26 + i * (foot - top - 40) / 4.4, 5.5, 5.5),
                Paint((206, 172, 120), "wood"),
                "ball",
                soft=0.1,
            )


KINDS = (
    ProductKind(
        "dress",
        "Fashion",
        "Fashion > Clothing > Dresses",
        ("shift", "a-line", "maxi", "wrap", "slip"),
        {
            "cotton": DYE_NAMES,
            "silk": DYE_NAMES,
            "linen": ("white", "beige", "blue", "green", "rust", "pink"),
            "velvet": ("black", "green", "navy", "purple", "red", "teal"),
        },
        (39, 260),
        draw_dress,
        rest="flat",
        patterns=("plain", "floral", "polka dot", "striped", "floral", "checked"),
        patterned=("cotton", "silk"),
        synonyms=("frock",),
    ),
    ProductKind(
        "skirt",
        "Fashion",
        "Fashion > Clothing > Skirts",
        ("mini", "pleated", "pencil", "tiered"),
        {
            "cotton": DYE_NAMES,
            "silk": DYE_NAMES,
            "denim": ("blue", "navy", "black"),
            "wool": ("grey", "black", "rust", "navy", "green"),
        },
        (25, 140),
        draw_skirt,
        rest="flat",
        patterns=("plain", "plain", "floral", "checked", "polka dot", "striped"),
        patterned=("cotton",),
        trims=("", "", "buttons"),
        synonyms=(),
    ),
)
