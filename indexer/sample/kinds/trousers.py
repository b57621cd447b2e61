"""Trousers and shorts, laid out flat."""

from __future__ import annotations

from indexer.sample.kinds.kind import DYE_NAMES, ProductKind
from indexer.sample.paths import box, ellipse
from indexer.sample.product_look import Look
from indexer.sample.svg_pen import CX, Paint, Pen


def draw_trousers(pen: Pen, look: Look) -> None:
    """Draw trousers."""
    paint, w = look.paint, 62 * look.wide
    top, foot = 44.0, 330 + 30 * look.tall
    hem = {"straight": 33.0, "wide-leg": 56.0, "slim": 22.0, "shorts": 46.0}[look.shape]
    out = {"straight": w * 1.12, "wide-leg": w * 1.5, "slim": w * 0.94, "shorts": w * 1.36}[
        look.shape
    ]
    if look.shape == "shorts":
        top, foot = 104.0, 262 + 14 * look.tall
    crotch = top + 110
    inner = out - hem * 1.5
    right = [
        (CX + w * 0.8, top), (CX + w * 0.8, top), (CX + w * 1.06, top + 70),
        (CX + (w + out) / 2 + 2, crotch + (foot - crotch) * 0.45), (CX + out, foot),
        (CX + out, foot), (CX + inner, foot + 2), (CX + inner, foot + 2), (CX + 7, crotch),
        (CX, crotch - 3), (CX, crotch - 3),
    ]  # fmt: skip
    pen.mirrored_part(right, paint, "cloth", soft=0.55)
    tone = paint.plain()
    if paint.material == "denim":
        tone = tone.dyed((206, 150, 76))
    for side in (-1, 1):
        x = CX + side * (out + inner) / 2
        pen.fold(f"M{CX + side * w * 0.6:.1f} {top + 90}L{x:.1f} {foot - 10:.1f}", 10, -0.25)
        pen.fold(f"M{CX + side * 6} {crotch - 12}l{side * 30} 14", 6, 0.35)
        pen.fold(
            f"M{CX + side * (inner - CX * 0 + 6):.1f} {(crotch + foot) / 2:.1f}l{side * 24} -8",
            6,
            0.25,
        )
        pen.seam(
            f"M{CX + side * w * 0.42:.1f} {top + 20}Q{CX + side * w * 0.62:.1f}"
            f" {top + 52} {CX + side * w * 0.96:.1f} {top + 54}",
            tone,
            stitched=paint.material == "denim",
            width=1.8,
        )
        pen.seam(
            f"M{CX + side * (out - 3):.1f} {foot - 12:.1f}"
            f"L{CX + side * (inner + 2):.1f} {foot - 10:.1f}",
            tone,
            stitched=True,
        )
    _waistband(pen, look, top, w, tone, crotch)


def _waistband(pen: Pen, look: Look, top: float, w: float, tone: Paint, crotch: float) -> None:
    """Draw the waistband with its button or its drawstring."""
    paint = look.paint
    pen.part(box(CX - w * 0.82, top - 4, w * 1.64, 22, 4), paint.lit(0.9), "bar", soft=0.2)
    if look.trim == "drawstring":
        for dx in (-10, 10):
            pen.line(f"M{CX + dx * 0.3} {top + 10}q{dx} 20 {dx * 0.8} 46", (240, 236, 226), 3.4)
    else:
        pen.seam(
            f"M{CX} {top + 18}V{crotch - 14}", tone, stitched=paint.material == "denim", width=1.6
        )
        pen.part(ellipse(CX, top + 7, 5, 5), Paint((196, 160, 92), "brass"), "ball", soft=0)


KINDS = (
    ProductKind(
        "trousers",
        "Fashion",
        "Fashion > Clothing > Trousers",
        ("straight", "wide-leg", "slim", "shorts"),
        {
            "denim": ("blue", "navy", "black", "white"),
            "cotton": DYE_NAMES,
            "wool": ("grey", "black", "navy", "brown"),
            "linen": ("white", "beige", "green", "rust"),
        },
        (35, 160),
        draw_trousers,
        rest="flat",
        patterns=("plain", "plain", "plain", "striped", "checked"),
        patterned=("cotton", "wool"),
        trims=("button", "button", "drawstring"),
        synonyms=(),
    ),
)
