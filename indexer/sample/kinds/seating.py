"""Armchairs, sofas, stools and cushions: upholstery on legs."""

from __future__ import annotations

from indexer.sample.kinds.kind import DYE_NAMES, HIDES, Kind
from indexer.sample.look import Look
from indexer.sample.palette import COLOURS
from indexer.sample.paths import box, ellipse, mirrored, polyline, revolved, spline
from indexer.sample.pen import Paint, Pen

CX = 200.0
LEGS = ("round wooden legs", "tapered wooden legs", "metal legs")


def draw_legs(pen: Pen, trim: str, left: float, right: float, top: float, foot: float) -> None:
    """Draw four legs under a seat: two in front at `left` and `right`, two behind them."""
    inset = (right - left) * 0.14
    behind = ((left + inset, foot - 12), (right - inset, foot - 12))
    for (x, y), shade in (*((p, 0.7) for p in behind), *((p, 1.0) for p in ((left, foot), (right, foot)))):
        out = 7 if x > (left + right) / 2 else -7
        if trim == "round wooden legs":
            paint = Paint(COLOURS["walnut"], "wood").lit(shade)
            pen.part(revolved(x, [(top, 11), ((top + y) / 2 - 3, 14), (y - 5, 10), (y, 7)], 0.2), paint, "round", soft=0.2)
        elif trim == "metal legs":
            pen.tube(f"M{x:.1f} {top:.1f}V{y:.1f}", Paint((70, 70, 76), "metal").lit(shade), 6)
        else:
            d = f"M{x - 9:.1f} {top:.1f}L{x + out - 3:.1f} {y:.1f}H{x + out + 3:.1f}L{x + 9:.1f} {top:.1f}Z"
            pen.part(d, Paint(COLOURS["oak"], "wood").lit(shade), "round", soft=0)


def _buttons(pen: Pen, paint: Paint, spots: list[tuple[float, float]]) -> None:
    for x, y in spots:
        pen.dent(ellipse(x, y, 7, 7), 0.55)
        pen.part(ellipse(x, y, 3.4, 3.4), paint.plain().lit(0.9), "ball", soft=0)


def draw_armchair(pen: Pen, look: Look) -> None:
    """Draw an armchair seen from the front."""
    {"wingback": _wingback, "tub": _tub, "club": _club, "slipper": _slipper}[look.shape](pen, look)


def _wingback(pen: Pen, look: Look) -> None:
    paint, w, top = look.paint, 92 * look.wide, 52 + (1 - look.tall) * 70
    draw_legs(pen, look.trim, CX - w * 0.84, CX + w * 0.84, 306, 356)
    back = [(CX, top), (CX + w * 0.6, top + 8), (CX + w * 0.9, top + 24), (CX + w * 0.84, 250), (CX + w * 0.8, 250)]
    pen.part(mirrored(back, CX), paint, "cloth", soft=0.8)
    _buttons(pen, paint, [(CX + dx * w * 0.3, y) for y, row in ((110, (-1, 1)), (150, (-1.6, 0, 1.6)), (190, (-1, 1))) for dx in row])
    for side in (-1, 1):
        wing = [(CX + side * w * 0.84, top + 10), (CX + side * w * 1.08, top + 40), (CX + side * w * 1.12, 150),
                (CX + side * w * 0.96, 200), (CX + side * w * 0.84, 204), (CX + side * w * 0.74, 150), (CX + side * w * 0.74, top + 60)]
        pen.part(spline(wing), paint.lit(0.95), "cloth", soft=0.8)
    pen.part(box(CX - w * 0.86, 262, w * 1.72, 50, 10), paint.lit(0.92), "cloth", soft=0.6)
    pen.part(box(CX - w * 0.8, 228, w * 1.6, 46, 20), paint, "bar", soft=0.8)
    for side in (-1, 1):
        x = CX + side * w * 1.02
        pen.part(spline([(x - 20, 196), (x, 186), (x + 20, 196), (x + 21, 236), (x + 14, 314), (x + 14, 314), (x - 14, 314), (x - 14, 314), (x - 21, 236)]),
                 paint, "round", soft=0.7)


def _tub(pen: Pen, look: Look) -> None:
    paint, w, top = look.paint, 116 * look.wide, 120 + (1 - look.tall) * 60
    draw_legs(pen, look.trim, CX - w * 0.66, CX + w * 0.66, 312, 358)
    shell = [(CX, top), (CX + w * 0.62, top + 12), (CX + w * 1.0, top + 62), (CX + w * 1.04, 230), (CX + w * 0.84, 312),
             (CX + w * 0.84, 318), (CX + w * 0.6, 322)]
    pen.part(mirrored(shell, CX), paint.lit(0.92), "round", soft=0.7)
    inner = [(CX, top + 14), (CX + w * 0.5, top + 24), (CX + w * 0.74, top + 72), (CX + w * 0.72, 246), (CX + w * 0.66, 258), (CX, 262)]
    pen.part(mirrored(inner, CX), paint.lit(0.86), "cloth", soft=0.9)
    for i in range(-3, 4):
        pen.fold(f"M{CX + i * w * 0.19:.1f} {top + 26 + abs(i) * 7}Q{CX + i * w * 0.2:.1f} 200 {CX + i * w * 0.17:.1f} 244", 5, 0.4)
    pen.part(spline([(CX - w * 0.7, 240), (CX, 228), (CX + w * 0.7, 240), (CX + w * 0.74, 262), (CX + w * 0.66, 284),
                     (CX, 294), (CX - w * 0.66, 284), (CX - w * 0.74, 262)]), paint, "bar", soft=0.8)


def _club(pen: Pen, look: Look) -> None:
    paint, w, top = look.paint, 124 * look.wide, 112 + (1 - look.tall) * 60
    draw_legs(pen, look.trim, CX - w * 0.84, CX + w * 0.84, 316, 352)
    pen.part(box(CX - w * 0.72, top, w * 1.44, 150, 34), paint, "cloth", soft=0.9)
    pen.seam(f"M{CX - w * 0.64:.1f} {top + 22}Q{CX} {top + 8} {CX + w * 0.64:.1f} {top + 22}", paint)
    pen.part(box(CX - w * 0.7, 268, w * 1.4, 54, 8), paint.lit(0.9), "cloth", soft=0.6)
    pen.part(box(CX - w * 0.62, 222, w * 1.24, 56, 24), paint, "bar", soft=0.8)
    for side in (-1, 1):
        x = CX + side * w * 0.82
        pen.part(box(x - 31, 172, 62, 150, 26), paint, "round", soft=0.8)
        pen.part(ellipse(x, 198, 24, 21), paint.lit(0.96), "ball", soft=0.6)


def _slipper(pen: Pen, look: Look) -> None:
    paint, w, top = look.paint, 86 * look.wide, 76 + (1 - look.tall) * 60
    draw_legs(pen, look.trim, CX - w * 0.9, CX + w * 0.9, 300, 358)
    pen.part(mirrored([(CX, top), (CX + w * 0.7, top + 4), (CX + w * 0.96, top + 34), (CX + w * 0.86, 250), (CX + w * 0.86, 250)], CX), paint, "cloth", soft=0.9)
    for dx in (-0.5, 0.0, 0.5):
        pen.fold(f"M{CX + dx * w:.1f} {top + 22}V236", 6, 0.4)
    pen.part(spline([(CX - w, 246), (CX, 236), (CX + w, 246), (CX + w * 1.1, 276), (CX + w, 304), (CX, 310), (CX - w, 304), (CX - w * 1.1, 276)]), paint, "bar", soft=0.8)


def draw_sofa(pen: Pen, look: Look) -> None:
    """Draw a sofa seen from the front."""
    paint, w, top = look.paint, 172 * look.wide ** 0.5, 134 + (1 - look.tall) * 50
    draw_legs(pen, look.trim, CX - w * 0.88, CX + w * 0.88, 296, 334)
    if look.shape == "curved":
        _curved_sofa(pen, paint, w, top)
        return
    if look.shape == "chesterfield":
        pen.part(box(CX - w * 0.9, top + 10, w * 1.8, 132, 20), paint, "cloth", soft=0.8)
        spots = [(CX + (i - 4 + 0.5 * (row % 2)) * w * 0.2, top + 46 + row * 26) for row in range(3) for i in range(1, 8)]
        _buttons(pen, paint, spots)
        for x, y in spots:
            pen.fold(f"M{x:.1f} {y:.1f}l{w * 0.1:.1f} 26M{x:.1f} {y:.1f}l{-w * 0.1:.1f} 26", 3, 0.25)
        pen.part(box(CX - w * 0.94, top, w * 1.88, 28, 14), paint, "bar", soft=0.7)
    else:
        pen.part(box(CX - w * 0.86, top, w * 1.72, 130, 18), paint.lit(0.9), "cloth", soft=0.7)
        for side in (-1, 1):
            pen.part(box(CX - (w * 0.8 if side < 0 else 0), top + 6, w * 0.8, 124, 24), paint, "cloth", soft=0.9)
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
    back = [(CX, top), (CX + w * 0.6, top + 10), (CX + w * 1.0, top + 64), (CX + w * 1.02, 250), (CX + w * 0.92, 296), (CX, 306)]
    pen.part(mirrored(back, CX), paint, "round", soft=0.9)
    inner = [(CX, top + 26), (CX + w * 0.54, top + 36), (CX + w * 0.8, top + 86), (CX + w * 0.8, 246), (CX, 256)]
    pen.part(mirrored(inner, CX), paint.lit(0.9), "cloth", soft=0.9)
    pen.part(spline([(CX - w * 0.82, 236), (CX, 224), (CX + w * 0.82, 236), (CX + w * 0.88, 258), (CX + w * 0.8, 282), (CX, 292), (CX - w * 0.8, 282), (CX - w * 0.88, 258)]), paint, "bar", soft=0.8)


def draw_stool(pen: Pen, look: Look) -> None:
    """Draw a stool: low three-legged, tall bar stool, or a legless pouf."""
    paint, w = look.paint, 76 * look.wide
    if look.shape == "pouf":
        body = [(200, w * 0.9), (226, w * 1.34), (276, w * 1.5), (322, w * 1.34), (344, w * 1.02)]
        pen.part(revolved(CX, [(y, float(r)) for y, r in body], pen.tilt), paint, "round", soft=0.9)
        pen.part(ellipse(CX, 204, w * 0.96, w * 0.96 * pen.tilt * 1.2), paint.lit(1.1), "flat", soft=0.7)
        for i in range(-3, 4):
            pen.fold(f"M{CX + i * w * 0.26:.1f} 218Q{CX + i * w * 0.52:.1f} 272 {CX + i * w * 0.34:.1f} 340", 4, 0.4)
        return
    top, spread, seat = (190.0, w * 0.86, w * 1.12) if look.shape == "low" else (96.0, w * 0.78, w * 0.84)
    legs = Paint((70, 70, 76), "metal") if look.trim == "metal legs" else Paint(COLOURS["oak" if "oak" in look.trim else "walnut"], "wood")
    width = 7 if look.trim == "metal legs" else 12
    for dx, y in ((-0.55, 338), (0.55, 338), (-1, 352), (1, 352)):
        pen.tube(polyline([(CX + dx * spread * 0.6, top + 16), (CX + dx * spread, y)]), legs.lit(0.8 if y < 350 else 1), width)
    if look.shape == "bar":
        pen.tube(f"M{CX - spread * 0.9:.1f} 290H{CX + spread * 0.9:.1f}", legs, width * 0.8)
    deep = 16 if look.material == "wood" else 30
    pen.part(revolved(CX, [(top, seat), (top, seat), (top + deep * 0.5, seat * 1.02), (top + deep, seat * 0.94)], pen.tilt), paint, "round", soft=0.4)
    pen.part(ellipse(CX, top, seat, seat * pen.tilt), paint.lit(1.08), "flat", soft=0.3 if deep < 20 else 0.8)


def draw_cushion(pen: Pen, look: Look) -> None:
    """Draw a cushion, plump and slightly turned."""
    paint, w, h = look.paint, 118 * look.wide, 116 * look.tall
    pen.begin(f"rotate({look.seed % 13 - 6} 200 200)")
    if look.shape == "round":
        pen.part(ellipse(CX, 200, w * 1.05, w * 1.02), paint, "ball", soft=1.0)
        for i in range(8):
            pen.fold(f"M200 200L{CX + w * 0.7 * (1, .7, 0, -.7, -1, -.7, 0, .7)[i]:.1f} {200 + w * 0.7 * (0, .7, 1, .7, 0, -.7, -1, -.7)[i]:.1f}", 4, 0.22)
        pen.part(ellipse(CX, 200, 9, 9), paint.plain().lit(0.9), "ball", soft=0.2)
    else:
        if look.shape == "rectangular":
            w, h = w * 1.28, h * 0.72
        x, y, bow = w, h, 0.06
        corners = [(CX - x, 200 - y), (CX + x, 200 - y), (CX + x, 200 + y), (CX - x, 200 + y)]
        mids = [(CX, 200 - y * (1 - bow)), (CX + x * (1 - bow), 200), (CX, 200 + y * (1 - bow)), (CX - x * (1 - bow), 200)]
        points = [p for c, m in zip(corners, mids, strict=True) for p in (c, c, m)]
        if look.trim == "fringe":
            for side in (-1, 1):
                pen.line(f"M{CX + side * (x - 2):.1f} {204 - y:.1f}Q{CX + side * x * 0.93:.1f} 200 {CX + side * (x - 2):.1f} {196 + y:.1f}", paint.plain().lit(0.85).rgb, 22, dashes="2 3")
        pen.part(spline(points), paint, "ball", soft=1.0)
        for sx in (-1, 1):
            for sy in (-1, 1):
                pen.fold(f"M{CX + sx * x * 0.94:.1f} {200 + sy * y * 0.94:.1f}Q{CX + sx * x * 0.7:.1f} {200 + sy * y * 0.74:.1f} {CX + sx * x * 0.56:.1f} {200 + sy * y * 0.5:.1f}", 6, 0.28)
        pen.seam(spline(points), paint.plain(), width=2.4)
    pen.end()


_SOFT = {"velvet": DYE_NAMES, "linen": ("white", "beige", "grey", "blue", "green", "navy", "pink", "mustard"),
         "leather": ("black", "brown", "rust", "beige", "red", "navy", "green"), "wool": ("grey", "beige", "navy", "mustard", "teal", "purple")}

KINDS = (
    Kind("armchair", "Home", "Home > Furniture > Armchairs", ("wingback", "tub", "club", "slipper"), _SOFT,
         (249, 1190), draw_armchair, patterns=("plain", "plain", "plain", "plain", "floral", "checked"), patterned=("linen", "wool"),
         trims=LEGS, synonyms=("easy chair", "accent chair", "lounge chair")),
    Kind("sofa", "Home", "Home > Furniture > Sofas", ("track-arm", "chesterfield", "curved"), _SOFT,
         (599, 2890), draw_sofa, trims=LEGS, synonyms=("couch", "settee", "two-seater")),
    Kind("stool", "Home", "Home > Furniture > Stools", ("low", "bar", "pouf"),
         {"wood": ("oak", "walnut", "black", "white"), "velvet": DYE_NAMES, "leather": HIDES}, (49, 240), draw_stool,
         trims=("oak legs", "walnut legs", "metal legs"), synonyms=("footstool", "bar stool", "small seat")),
    Kind("cushion", "Home", "Home > Textiles > Cushions", ("square", "round", "rectangular"),
         {"velvet": DYE_NAMES, "linen": DYE_NAMES, "cotton": DYE_NAMES, "knit": ("white", "grey", "beige", "mustard", "pink", "teal", "rust")},
         (15, 69), draw_cushion, rest="flat", patterns=("plain", "plain", "striped", "checked", "floral", "geometric", "polka dot"),
         patterned=("linen", "cotton"), trims=("", "", "fringe"), synonyms=("throw pillow", "sofa pillow", "scatter cushion")),
)
