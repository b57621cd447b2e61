"""Dresses, shirts, T-shirts, jumpers, trousers and skirts, laid out as on an invisible figure."""

from __future__ import annotations

import random
from collections.abc import Sequence
from math import hypot

from indexer.sample.kinds.kind import DYE_NAMES, Kind
from indexer.sample.look import Look
from indexer.sample.palette import brightness, lit
from indexer.sample.paths import Point, box, ellipse, mirrored, spline
from indexer.sample.pen import Paint, Pen

CX = 200.0


def _folds(pen: Pen, look: Look, x: float, top: float, foot: float, *, count: int = 5, flare: float = 1.3) -> None:
    """Press long folds into hanging cloth, `x` either side of the middle at the top."""
    rng = random.Random(look.seed)  # noqa: S311 - art, not secrets
    depth = 0.5 if look.material in ("silk", "velvet") else 0.3
    for i in range(count):
        at = -1 + 2 * (i + 0.5) / count + rng.uniform(-0.1, 0.1)
        start = top + rng.uniform(0.05, 0.35) * (foot - top)
        sway = rng.uniform(-6, 6)
        d = f"M{CX + at * x:.1f} {start:.1f}Q{CX + at * x * 1.05 + sway:.1f} {(start + foot) / 2:.1f} {CX + at * x * flare:.1f} {foot:.1f}"
        pen.fold(d, 9, depth)
        pen.begin("translate(9 0)")
        pen.fold(d, 7, -depth * 0.7)
        pen.end()


def _sleeves(pen: Pen, paint: Paint, shoulder: Point, pit: Point, cuff: Point, width: float) -> None:
    """Draw both sleeves, under the body; the points are those of the right one."""
    (sx, sy), (px, py), (qx, qy) = shoulder, pit, cuff
    along = (qx - (sx + px) / 2, qy - (sy + py) / 2)
    half = width / 2 / hypot(*along)
    outer, inner = (qx + along[1] * half, qy - along[0] * half), (qx - along[1] * half, qy + along[0] * half)
    cap = ((sx + outer[0]) / 2 + 7, (sy + outer[1]) / 2 - 3)
    for side in (-1, 1):
        pts = [(sx - 14, sy - 2), (sx - 14, sy - 2), (sx, sy + 1), cap, outer, outer, inner, inner,
               (px + 2, py + 10), (px - 14, py), (px - 14, py)]
        d = spline([(CX + side * x, y) for x, y in pts])
        pen.part(d, Paint(paint.rgb, paint.material, paint.pattern, paint.accent, paint.scale, side * -14.0).lit(0.96), "cloth", soft=0.5)
        if qy - sy > 90:
            pen.fold(f"M{CX + side * (px + 2):.1f} {py + 20:.1f}L{CX + side * (px + qx) / 2 + side * 8:.1f} {(py + qy) / 2:.1f}", 6, 0.35)
            pen.fold(f"M{CX + side * ((sx + qx) / 2 + 10):.1f} {(sy + qy) / 2 + 20:.1f}l{-side * 16} 10", 5, 0.3)
        lift = 9 / hypot(*along)
        hem = [(CX + side * (x - along[0] * lift), y - along[1] * lift) for x, y in (outer, inner)]
        pen.seam(spline(hem, closed=False), paint, width=1.6)


def _neck(pen: Pen, paint: Paint, half: float, top: float, drop: float, *, vee: bool = False, rib: float = 0.0) -> None:
    """Draw the neck opening: the inside of the back, and the front edge."""
    if vee:
        front = f"L{CX} {top + drop:.1f}L{CX + half:.1f} {top:.1f}"
    else:
        front = f"C{CX - half * 0.8:.1f} {top + drop * 1.3:.1f} {CX + half * 0.8:.1f} {top + drop * 1.3:.1f} {CX + half:.1f} {top:.1f}"
    back = f"Q{CX} {top + 10:.1f} {CX - half:.1f} {top:.1f}Z"
    pen.part(f"M{CX - half:.1f} {top:.1f}{front}{back}", paint.plain(), "inside", soft=0.2)
    edge = f"M{CX - half:.1f} {top:.1f}{front}"
    if rib:
        pen.line(edge, lit(paint.rgb, 0.88 if brightness(paint.rgb) > 0.25 else 1.12), rib)
    pen.line(edge, lit(paint.rgb, 0.7 if brightness(paint.rgb) > 0.25 else 1.3), 1.6)


def draw_tshirt(pen: Pen, look: Look) -> None:
    """Draw a T-shirt."""
    paint, w, foot = look.paint, 82 * look.wide, 200 + 132 * look.tall
    long = look.shape == "long-sleeve"
    cuff = (w + 50, 316.0) if long else (w + 40, 172.0)
    _sleeves(pen, paint, (w * 0.9, 88), (w * 0.98, 156), cuff, 36 if long else 60)
    half = 34
    body = [(CX + half, 70), (CX + half, 70), (CX + w * 0.9, 88), (CX + w * 0.9, 88), (CX + w * 0.98, 150), (CX + w * 0.98, 150),
            (CX + w * 0.97, 240), (CX + w, foot), (CX + w, foot), (CX, foot + 5)]
    pen.part(mirrored(body, CX), paint, "cloth", soft=0.45)
    _neck(pen, paint, half, 70, 52 if look.shape == "v-neck" else 26, vee=look.shape == "v-neck", rib=9 if look.shape != "v-neck" else 6)
    for side in (-1, 1):
        pen.fold(f"M{CX + side * w * 0.92:.1f} 158Q{CX + side * w * 0.6:.1f} 196 {CX + side * w * 0.5:.1f} 250", 7, 0.28)
        pen.seam(f"M{CX + side * w * 0.9:.1f} 88Q{CX + side * w * 0.84:.1f} 120 {CX + side * w * 0.97:.1f} 154", paint)
    _folds(pen, look, w * 0.6, 230, foot - 8, count=3, flare=1.1)
    pen.seam(f"M{CX - w + 2:.1f} {foot - 9:.1f}Q{CX} {foot - 4:.1f} {CX + w - 2:.1f} {foot - 9:.1f}", paint, stitched=True)


def draw_shirt(pen: Pen, look: Look) -> None:
    """Draw a buttoned shirt."""
    paint, w, foot = look.paint, 86 * look.wide, 208 + 138 * look.tall
    short = look.shape == "short-sleeve"
    _sleeves(pen, paint, (w * 0.88, 84), (w * 0.96, 158), (w + 38, 186) if short else (w + 46, 326), 62 if short else 36)
    half = 36
    tail = 22 if not short else 4
    body = [(CX + half, 66), (CX + half, 66), (CX + w * 0.88, 84), (CX + w * 0.88, 84), (CX + w * 0.96, 150), (CX + w * 0.96, 150),
            (CX + w * 0.95, 240), (CX + w * 0.98, foot - tail), (CX + w * 0.98, foot - tail), (CX + w * 0.6, foot + 4), (CX, foot)]
    pen.part(mirrored(body, CX), paint, "cloth", soft=0.4)
    for side in (-1, 1):
        pen.fold(f"M{CX + side * w * 0.9:.1f} 160Q{CX + side * w * 0.6:.1f} 206 {CX + side * w * 0.46:.1f} 270", 7, 0.3)
    _folds(pen, look, w * 0.6, 220, foot - 8, count=4, flare=1.1)
    pen.part(box(CX - 10, 84, 20, foot - 86, 2), paint.lit(1.03), "flat", soft=0.25)
    pen.line(f"M{CX - 10} 92V{foot - 4:.1f}M{CX + 10} 92V{foot - 4:.1f}", lit(paint.rgb, 0.7 if brightness(paint.rgb) > 0.25 else 1.4), 1.1)
    count = 6
    for i in range(count):
        y = 112 + i * (foot - 140) / (count - 1)
        pen.flat(ellipse(CX, y, 4, 4), (250, 247, 240) if brightness(paint.rgb) < 0.85 else (150, 130, 110))
        pen.flat(ellipse(CX, y, 1.3, 1.3), (90, 84, 80))
    _collar(pen, look, half)
    if look.trim == "chest pocket":
        pen.part(f"M{CX + 26} 156h40v38l-20 10l-20 -10Z", paint.lit(0.97), "flat", soft=0.3)
        pen.seam(f"M{CX + 26} 156h40v38l-20 10l-20 -10Z", paint)


def _collar(pen: Pen, look: Look, half: float) -> None:
    paint = look.paint
    _neck(pen, paint, half, 64, 26)
    if look.shape == "band-collar":
        pen.part(f"M{CX - half} 62Q{CX} 104 {CX + half} 62L{CX + half - 2} 50Q{CX} 86 {CX - half + 2} 50Z", paint.plain().lit(1.04), "bar", soft=0.3)
        return
    for side in (-1, 1):
        tip = 40 if look.shape == "classic" else 50
        d = (f"M{CX + side * 2} 88L{CX + side * (half - 2)} 52Q{CX + side * (half + 10)} 60 {CX + side * (half + 14)} 76"
             f"L{CX + side * tip} 112Z")
        pen.part(d, paint.lit(1.04), "cloth", soft=0.4)
        pen.seam(d, paint)


def draw_jumper(pen: Pen, look: Look) -> None:
    """Draw a knitted jumper or cardigan."""
    paint, w, foot = look.paint, 92 * look.wide, 196 + 130 * look.tall
    _sleeves(pen, paint, (w * 0.86, 92), (w * 0.96, 172), (w + 50, 312), 42)
    half = 36
    body = [(CX + half, 74), (CX + half, 74), (CX + w * 0.86, 92), (CX + w * 0.86, 92), (CX + w * 0.98, 160), (CX + w * 0.98, 160),
            (CX + w * 1.0, 250), (CX + w * 0.94, foot), (CX + w * 0.94, foot), (CX, foot + 3)]
    pen.part(mirrored(body, CX), paint, "cloth", soft=0.7)
    pen.part(box(CX - w * 0.95, foot - 26, w * 1.9, 28, 4), paint.plain().lit(0.94), "bar", soft=0.5)
    for i in range(-12, 13):
        pen.fold(f"M{CX + i * w * 0.073:.1f} {foot - 24:.1f}v24", 2, 0.5)
    for side in (-1, 1):
        pen.part(f"M{CX + side * (w + 28):.1f} 316l{side * 43} -10l{side * 5} 26l{-side * 42} 10Z", paint.plain().lit(0.92), "bar", soft=0.5)
    if look.shape == "roll-neck":
        pen.part(box(CX - half - 2, 44, 2 * half + 4, 46, 14), paint.plain(), "round", soft=0.7)
        pen.fold(f"M{CX - half} 68Q{CX} 76 {CX + half} 68", 4, 0.5)
    elif look.shape == "cardigan":
        _neck(pen, paint, half, 74, 96, vee=True, rib=12)
        pen.part(box(CX - 9, 168, 18, foot - 168, 2), paint.plain().lit(0.95), "flat", soft=0.5)
        for i in range(5):
            pen.part(ellipse(CX, 186 + i * (foot - 206) / 4, 5, 5), Paint((112, 78, 50), "wood"), "ball", soft=0.2)
    else:
        _neck(pen, paint, half, 74, 26, rib=14)
        for side in (-1, 0, 1):
            for j in range(10):
                y = 116 + j * (foot - 150) / 10
                x = CX + side * w * 0.46
                pen.fold(f"M{x - 7:.1f} {y:.1f}Q{x:.1f} {y + 9:.1f} {x + 7:.1f} {y + 16:.1f}", 3.4, 0.5)
                pen.fold(f"M{x + 7:.1f} {y:.1f}Q{x + 2:.1f} {y + 6:.1f} {x - 2:.1f} {y + 7:.1f}", 3.4, -0.4)


def draw_dress(pen: Pen, look: Look) -> None:
    """Draw a dress."""
    paint, w = look.paint, 58 * look.wide
    foot = {"shift": 296.0, "a-line": 312.0, "maxi": 366.0, "wrap": 330.0, "slip": 340.0}[look.shape] + 30 * (look.tall - 1)
    waist = {"shift": w * 1.0, "a-line": w * 0.72, "maxi": w * 0.72, "wrap": w * 0.74, "slip": w * 0.82}[look.shape]
    hem = {"shift": w * 1.2, "a-line": w * 2.05, "maxi": w * 2.0, "wrap": w * 1.7, "slip": w * 1.35}[look.shape]
    half = 26 if look.shape != "slip" else 30
    top, pit = (40, 108) if look.shape != "slip" else (84, 112)
    if look.shape in ("shift", "wrap"):
        _sleeves(pen, paint, (w * 0.92, 50), (w * 0.98, 112), (w + 26, 140) if look.shape == "shift" else (w + 34, 206), 48 if look.shape == "shift" else 36)
    if look.shape == "slip":
        for side in (-1, 1):
            pen.line(f"M{CX + side * w * 0.62:.1f} 92Q{CX + side * w * 0.5:.1f} 60 {CX + side * w * 0.36:.1f} 34", lit(paint.rgb, 0.85), 3.6)
    right: Sequence[Point] = [
        (CX + half, top), (CX + half, top), (CX + w * 0.92, top + 10), (CX + w * 0.92, top + 10), (CX + w * 0.96, pit), (CX + w * 0.96, pit),
        *_skirt_side(look.shape, waist, hem, foot), (CX + hem, foot), (CX + hem, foot), (CX, foot + 10)]
    pen.part(mirrored(right, CX), paint, "cloth", soft=0.5)
    _folds(pen, look, waist * 0.9, 184, foot, count={"shift": 3, "slip": 4}.get(look.shape, 7), flare=hem / waist * 0.94)
    _dress_details(pen, look, half, top, waist, hem, foot)


def _skirt_side(shape: str, waist: float, hem: float, foot: float) -> list[Point]:
    """Return the side of a dress from waist to hem: a corner at a belted waist, else smooth."""
    if shape in ("shift", "slip"):
        return [(CX + waist, 178), (CX + waist + (hem - waist) * 0.5, 178 + (foot - 178) * 0.4)]
    return [(CX + waist, 176), (CX + waist, 176), (CX + (waist + hem) / 2 + 4, 176 + (foot - 176) * 0.42)]


def _dress_details(pen: Pen, look: Look, half: float, top: float, waist: float, hem: float, foot: float) -> None:
    paint = look.paint
    if look.shape == "wrap":
        _neck(pen, paint, half, top, 92, vee=True)
        pen.fold(f"M{CX} 132L{CX + waist:.1f} 174", 4, 0.4)
        pen.seam(f"M{CX - 4} 178Q{CX + 24} 260 {CX + hem * 0.4:.1f} {foot + 8:.1f}", paint, width=2)
    elif look.shape == "slip":
        _neck(pen, paint, half * 1.3, top, 30, vee=True)
    else:
        _neck(pen, paint, half, top, 30)
    if look.shape in ("a-line", "maxi", "wrap"):
        pen.part(box(CX - waist - 1, 168, 2 * waist + 2, 15, 4), paint.plain().lit(0.8), "bar", soft=0.2)
    if look.shape == "wrap":
        for dx in (-9, 10):
            pen.tube(f"M{CX + waist - 10:.1f} 178q{dx} 26 {dx * 1.4:.1f} 56", paint.plain().lit(0.9), 6)
    if look.shape == "maxi":
        for y in (258, 312):
            k = (y - 176) / (foot - 176)
            x = waist + (hem - waist) * k
            pen.seam(f"M{CX - x:.1f} {y}Q{CX} {y + 12} {CX + x:.1f} {y}", paint, width=2)
            pen.fold(f"M{CX - x + 4:.1f} {y + 4}Q{CX} {y + 16} {CX + x - 4:.1f} {y + 4}", 6, 0.4)


def draw_trousers(pen: Pen, look: Look) -> None:
    """Draw trousers."""
    paint, w = look.paint, 62 * look.wide
    top, foot = 44.0, 330 + 30 * look.tall
    hem = {"straight": 33.0, "wide-leg": 56.0, "slim": 22.0, "shorts": 46.0}[look.shape]
    out = {"straight": w * 1.12, "wide-leg": w * 1.5, "slim": w * 0.94, "shorts": w * 1.36}[look.shape]
    if look.shape == "shorts":
        top, foot = 104.0, 262 + 14 * look.tall
    crotch = top + 110
    inner = out - hem * 1.5
    right = [(CX + w * 0.8, top), (CX + w * 0.8, top), (CX + w * 1.06, top + 70), (CX + (w + out) / 2 + 2, crotch + (foot - crotch) * 0.45), (CX + out, foot), (CX + out, foot),
             (CX + inner, foot + 2), (CX + inner, foot + 2), (CX + 7, crotch), (CX, crotch - 3), (CX, crotch - 3)]
    pen.part(mirrored(right, CX), paint, "cloth", soft=0.55)
    tone = paint.plain()
    if paint.material == "denim":
        tone = tone.dyed((206, 150, 76))
    for side in (-1, 1):
        x = CX + side * (out + inner) / 2
        pen.fold(f"M{CX + side * w * 0.6:.1f} {top + 90}L{x:.1f} {foot - 10:.1f}", 10, -0.25)
        pen.fold(f"M{CX + side * 6} {crotch - 12}l{side * 30} 14", 6, 0.35)
        pen.fold(f"M{CX + side * (inner - CX * 0 + 6):.1f} {(crotch + foot) / 2:.1f}l{side * 24} -8", 6, 0.25)
        pen.seam(f"M{CX + side * w * 0.42:.1f} {top + 20}Q{CX + side * w * 0.62:.1f} {top + 52} {CX + side * w * 0.96:.1f} {top + 54}", tone, stitched=paint.material == "denim", width=1.8)
        pen.seam(f"M{CX + side * (out - 3):.1f} {foot - 12:.1f}L{CX + side * (inner + 2):.1f} {foot - 10:.1f}", tone, stitched=True)
    pen.part(box(CX - w * 0.82, top - 4, w * 1.64, 22, 4), paint.lit(0.9), "bar", soft=0.2)
    if look.trim == "drawstring":
        for dx in (-10, 10):
            pen.line(f"M{CX + dx * 0.3} {top + 10}q{dx} 20 {dx * 0.8} 46", (240, 236, 226), 3.4)
    else:
        pen.seam(f"M{CX} {top + 18}V{crotch - 14}", tone, stitched=paint.material == "denim", width=1.6)
        pen.part(ellipse(CX, top + 7, 5, 5), Paint((196, 160, 92), "brass"), "ball", soft=0)


def draw_skirt(pen: Pen, look: Look) -> None:
    """Draw a skirt."""
    paint, w = look.paint, 64 * look.wide
    top = 84.0
    foot = {"mini": 230.0, "pleated": 296.0, "pencil": 292.0, "tiered": 330.0}[look.shape] + 30 * (look.tall - 1)
    hem = {"mini": w * 1.75, "pleated": w * 2.05, "pencil": w * 1.0, "tiered": w * 2.0}[look.shape]
    hip = {"pencil": w * 1.3, "mini": w * 1.36}.get(look.shape, w * 1.4)
    right = [(CX + w * 0.9, top), (CX + w * 0.9, top), (CX + hip, top + (foot - top) * 0.4), (CX + hem, foot), (CX + hem, foot), (CX, foot + 10)]
    pen.part(mirrored(right, CX), paint, "cloth", soft=0.5)
    if look.shape == "pleated":
        for i in range(-7, 8):
            x0, x1 = i * w * 0.12, i * hem * 0.135
            pen.fold(f"M{CX + x0:.1f} {top + 14}L{CX + x1:.1f} {foot + 4:.1f}", 6, 0.55)
            pen.fold(f"M{CX + x0 + 4:.1f} {top + 14}L{CX + x1 + 9:.1f} {foot + 4:.1f}", 5, -0.4)
    elif look.shape == "pencil":
        pen.fold(f"M{CX + w * 0.7:.1f} {top + 40}L{CX + hem * 0.8:.1f} {foot - 10:.1f}", 9, 0.25)
        pen.seam(f"M{CX + hem * 0.34:.1f} {foot - 60:.1f}V{foot + 8:.1f}", paint, width=2.2)
    else:
        _folds(pen, look, w * 0.9, top + 20, foot, count=6, flare=hem / w)
    if look.shape == "tiered":
        for k in (0.36, 0.68):
            y = top + (foot - top) * k
            x = w * 0.9 + (hem - w * 0.9) * (k + 0.06)
            pen.seam(f"M{CX - x:.1f} {y:.1f}Q{CX} {y + 12:.1f} {CX + x:.1f} {y:.1f}", paint, width=2.2)
            pen.fold(f"M{CX - x:.1f} {y + 5:.1f}Q{CX} {y + 17:.1f} {CX + x:.1f} {y + 5:.1f}", 7, 0.45)
    pen.part(box(CX - w * 0.92, top - 8, w * 1.84, 22, 4), paint.plain().lit(0.88), "bar", soft=0.2)
    if look.trim == "buttons":
        for i in range(5):
            pen.part(ellipse(CX, top + 26 + i * (foot - top - 40) / 4.4, 5.5, 5.5), Paint((206, 172, 120), "wood"), "ball", soft=0.1)


_WEAR = ("plain", "plain", "striped", "checked", "floral", "polka dot")

KINDS = (
    Kind("dress", "Fashion", "Fashion > Clothing > Dresses", ("shift", "a-line", "maxi", "wrap", "slip"),
         {"cotton": DYE_NAMES, "silk": DYE_NAMES, "linen": ("white", "beige", "blue", "green", "rust", "pink"), "velvet": ("black", "green", "navy", "purple", "red", "teal")},
         (39, 260), draw_dress, rest="flat", patterns=("plain", "floral", "polka dot", "striped", "floral", "checked"), patterned=("cotton", "silk"), synonyms=("frock", "gown", "summer dress")),
    Kind("shirt", "Fashion", "Fashion > Clothing > Shirts", ("classic", "short-sleeve", "band-collar"),
         {"cotton": DYE_NAMES, "linen": ("white", "beige", "blue", "green", "pink", "navy", "grey"), "denim": ("blue", "navy", "black")},
         (29, 120), draw_shirt, rest="flat", patterns=_WEAR, patterned=("cotton",), trims=("", "chest pocket"), synonyms=("button-down", "button-up shirt", "blouse")),
    Kind("t-shirt", "Fashion", "Fashion > Clothing > T-shirts", ("crew-neck", "v-neck", "long-sleeve"),
         {"cotton": DYE_NAMES, "linen": ("white", "beige", "grey", "navy")}, (12, 49), draw_tshirt, rest="flat", patterns=("plain", "plain", "striped", "striped", "polka dot"),
         patterned=("cotton",), synonyms=("tee", "tee shirt", "jersey top")),
    Kind("jumper", "Fashion", "Fashion > Clothing > Knitwear", ("cable", "roll-neck", "cardigan"), {"knit": DYE_NAMES}, (39, 180), draw_jumper, rest="flat",
         patterns=("plain", "plain", "plain", "striped", "geometric"), patterned=("knit",), synonyms=("sweater", "pullover", "knitted top")),
    Kind("trousers", "Fashion", "Fashion > Clothing > Trousers", ("straight", "wide-leg", "slim", "shorts"),
         {"denim": ("blue", "navy", "black", "white"), "cotton": DYE_NAMES, "wool": ("grey", "black", "navy", "brown"), "linen": ("white", "beige", "green", "rust")},
         (35, 160), draw_trousers, rest="flat", patterns=("plain", "plain", "plain", "striped", "checked"), patterned=("cotton", "wool"), trims=("button", "button", "drawstring"),
         synonyms=("pants", "slacks", "bottoms")),
    Kind("skirt", "Fashion", "Fashion > Clothing > Skirts", ("mini", "pleated", "pencil", "tiered"),
         {"cotton": DYE_NAMES, "silk": DYE_NAMES, "denim": ("blue", "navy", "black"), "wool": ("grey", "black", "rust", "navy", "green")},
         (25, 140), draw_skirt, rest="flat", patterns=("plain", "plain", "floral", "checked", "polka dot", "striped"), patterned=("cotton",), trims=("", "", "buttons"),
         synonyms=("miniskirt", "midi skirt", "ladies' skirt")),
)
