"""Hats, caps, watches, sunglasses and umbrellas."""

from __future__ import annotations

from math import cos, pi, sin

from indexer.sample.kinds.kind import DYE_NAMES, HIDES, Kind
from indexer.sample.look import Look
from indexer.sample.palette import COLOURS, Rgb, lit, mixed
from indexer.sample.paths import box, ellipse, mirrored, polyline, spline
from indexer.sample.pen import Paint, Pen

CX = 200.0


def draw_hat(pen: Pen, look: Look) -> None:
    """Draw a hat: fedora, bucket hat, beanie or boater."""
    paint, plain, w = look.paint, look.paint.plain(), 84 * look.wide
    ribbon = Paint(look.accent_rgb, "silk")
    if look.shape == "beanie":
        pen.part(mirrored([(CX, 86), (CX + w * 0.6, 106), (CX + w * 1.06, 190), (CX + w * 1.12, 266), (CX + w * 1.12, 266), (CX, 276)], CX), paint, "ball", soft=0.9)
        pen.part(mirrored([(CX, 248), (CX + w * 1.16, 240), (CX + w * 1.16, 240), (CX + w * 1.14, 308), (CX + w * 1.14, 308), (CX, 318)], CX), plain.lit(1.02), "round", soft=0.7)
        for i in range(-9, 10):
            pen.fold(f"M{CX + i * w * 0.122:.1f} 252v58", 3, 0.5)
        if look.trim == "bobble":
            pen.part(ellipse(CX, 84, 36, 34), Paint(lit(look.rgb, 1.15), "wool"), "ball", soft=0.9)
        return
    if look.shape == "bucket":
        pen.part(mirrored([(CX, 132), (CX + w * 0.72, 136), (CX + w * 0.82, 146), (CX + w * 1.0, 236), (CX + w * 1.0, 236), (CX, 250)], CX), paint, "round", soft=0.6)
        pen.part(mirrored([(CX, 226), (CX + w * 0.98, 218), (CX + w * 0.98, 218), (CX + w * 1.62, 290), (CX + w * 1.5, 308), (CX, 326)], CX), paint.lit(0.96), "cloth", soft=0.6)
        for k in (0.25, 0.5, 0.75):
            pen.seam(f"M{CX - w * (1 + 0.55 * k):.1f} {226 + 78 * k:.1f}Q{CX} {252 + 84 * k:.1f} {CX + w * (1 + 0.55 * k):.1f} {226 + 78 * k:.1f}", plain, stitched=True)
        return
    flat = look.shape == "boater"
    top = 168.0 if flat else 118.0
    pen.part(ellipse(CX, 268, w * 2.0, w * (0.44 if flat else 0.4)), plain.lit(0.96), "bar", soft=0.5)
    crown = [(CX, top), (CX + w * 0.9, top + 2), (CX + w * 0.96, top + 12), (CX + w * 1.02, 262), (CX + w * 1.02, 262), (CX, 276)]
    if not flat:
        crown = [(CX, top + 16), (CX + w * 0.42, top), (CX + w * 0.84, top + 22), (CX + w * 1.0, 262), (CX + w * 1.0, 262), (CX, 278)]
    pen.part(mirrored(crown, CX), paint, "round", soft=0.6)
    if flat:
        pen.part(ellipse(CX, top + 2, w * 0.93, 15), plain.lit(1.1), "flat", soft=0.2)
    else:
        pen.dent(spline([(CX - w * 0.3, top + 10), (CX, top + 22), (CX + w * 0.3, top + 10), (CX, top + 62)]), 0.4)
    pen.part(mirrored([(CX, 246), (CX + w * 1.0, 232), (CX + w * 1.0, 232), (CX + w * 1.03, 264), (CX + w * 1.03, 264), (CX, 279)], CX), ribbon, "round", soft=0.2)


def draw_cap(pen: Pen, look: Look) -> None:
    """Draw a cap: baseball, trucker (mesh back) or flat cap."""
    paint, plain, w = look.paint, look.paint.plain(), look.wide
    pen.begin(f"translate(200 200) scale({w:.3f} {look.tall:.3f}) translate(-200 -200)")
    if look.shape == "flat":
        pen.part(spline([(66, 262), (66, 262), (92, 186), (170, 146), (262, 148), (336, 200), (344, 262), (344, 262), (280, 276), (150, 274)]), paint, "ball", soft=0.9)
        pen.part(spline([(48, 276), (60, 254), (110, 240), (170, 250), (196, 272), (196, 272), (140, 292), (76, 296)]), plain.lit(0.95), "bar", soft=0.5)
        pen.fold("M196 150Q180 200 190 262", 4, 0.4)
        pen.seam("M214 148Q222 210 214 272", plain)
    else:
        pen.part(spline([(140, 262), (140, 262), (146, 180), (204, 122), (276, 126), (332, 184), (336, 262), (336, 262), (240, 276)]), paint, "ball", soft=0.8)
        if look.shape == "trucker":
            pen.part(spline([(236, 122), (236, 122), (290, 132), (334, 186), (336, 262), (336, 262), (252, 270), (252, 270), (262, 190)]), Paint(look.accent_rgb, "rattan"), "ball", soft=0.5)
        for d in ("M238 122Q206 180 206 268", "M238 122Q290 180 290 268"):
            pen.seam(d, plain, stitched=True)
        pen.part(spline([(150, 236), (60, 256), (34, 288), (36, 296), (100, 290), (190, 286), (236, 276), (236, 276), (220, 254)]), plain.lit(0.93), "bar", soft=0.6)
        for k in (6, 13):
            pen.seam(f"M{44 + k} {286 - k * 0.6}Q120 {268 - k} 222 {270 - k * 0.5}", plain, stitched=True)
        pen.part(ellipse(238, 120, 9, 6), plain.lit(0.9), "ball", soft=0)
        if look.trim == "patch":
            pen.part(ellipse(190, 206, 25, 28), Paint(look.accent_rgb, "felt"), "flat", soft=0.4)
            pen.line("M180 214l10 -18l10 18", look.rgb, 4)
    pen.end()


def draw_watch(pen: Pen, look: Look) -> None:
    """Draw a wristwatch, upright, strap above and below."""
    paint, w = look.paint, 62 * look.wide
    case_rgb: Rgb = COLOURS["gold"] if look.trim.startswith("gold") else COLOURS["silver"]
    case = Paint(case_rgb, "metal")
    dial_rgb: Rgb = {"white": (246, 245, 240), "black": (34, 34, 38), "blue": (38, 66, 120)}[look.trim.split()[-2]]
    half = w * (0.62 if look.shape != "rectangular" else 0.5)
    for sign in (-1, 1):
        strap = [(CX - half, 200 + sign * 44), (CX + half, 200 + sign * 44), (CX + half * 0.76, 200 + sign * 176), (CX - half * 0.76, 200 + sign * 176)]
        pen.part("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in strap) + "Z", paint, "metal" if look.material == "steel" else "round", soft=0.4)
        if look.material == "steel":
            for i in range(9):
                y = 200 + sign * (58 + i * 13)
                x = half * (1 - 0.24 * (14 + i * 13) / 132) - 1
                pen.line(f"M{CX - x:.1f} {y}H{CX + x:.1f}", lit(look.rgb, 0.55), 1.6)
            for dx in (-0.34, 0.34):
                pen.line(f"M{CX + dx * half:.1f} {200 + sign * 44}L{CX + dx * half * 0.78:.1f} {200 + sign * 174}", lit(look.rgb, 0.62), 1.2)
        elif look.material == "leather":
            for dx in (-1, 1):
                pen.seam(f"M{CX + dx * (half - 6):.1f} {200 + sign * 50}L{CX + dx * (half * 0.76 - 5):.1f} {200 + sign * 170}", paint, stitched=True, width=1.6)
        if sign > 0 and look.material != "steel":
            for i in range(4):
                pen.flat(ellipse(CX, 276 + i * 20, 2.6, 3.4), lit(look.rgb, 0.3))
    if look.material != "steel":
        pen.line(box(CX - half * 0.86, 22, half * 1.72, 22, 5), case_rgb, 4.5)
    pen.part(box(CX + w * 0.92, 194, 16, 13, 3), case, "bar", soft=0)
    _watch_face(pen, look, case, dial_rgb, w)


def _watch_face(pen: Pen, look: Look, case: Paint, dial_rgb: Rgb, w: float) -> None:
    dial = Paint(dial_rgb, "enamel")
    if look.shape == "round":
        pen.part(ellipse(CX, 200, w, w), case, "metal", soft=0.3)
        pen.part(ellipse(CX, 200, w * 0.84, w * 0.84), dial, "flat", soft=0.4)
        rx = ry = w * 0.74
    else:
        rx, ry = (w * 0.74, w * 0.74) if look.shape == "square" else (w * 0.6, w * 0.92)
        pen.part(box(CX - rx - 15, 200 - ry - 15, 2 * rx + 30, 2 * ry + 30, 15), case, "metal", soft=0.3)
        pen.part(box(CX - rx - 5, 200 - ry - 5, 2 * rx + 10, 2 * ry + 10, 8), dial, "flat", soft=0.4)
    ink = (238, 236, 226) if sum(dial_rgb) < 380 else (46, 46, 50)
    for i in range(12):
        angle = pi * i / 6
        x, y = sin(angle), -cos(angle)
        if look.shape != "round":
            stretch = 1 / max(abs(x), abs(y))
            x, y = x * stretch, y * stretch
        pen.line(polyline([(CX + rx * x * 0.82, 200 + ry * y * 0.82), (CX + rx * x * 0.97, 200 + ry * y * 0.97)]), ink, 4.4 if i % 3 == 0 else 2)
    hour, minute = look.seed % 12, look.seed * 11 % 60
    reach = min(rx, ry)
    for turn, length, width in ((pi * (hour + minute / 60) / 6, 0.5, 5.0), (pi * minute / 30, 0.76, 3.4)):
        pen.line(polyline([(CX, 200), (CX + reach * length * sin(turn), 200 - reach * length * cos(turn))]), ink, width)
    pen.flat(ellipse(CX, 200, 4, 4), case.rgb)


def draw_sunglasses(pen: Pen, look: Look) -> None:
    """Draw sunglasses from the front, arms folding away."""
    w = 62 * look.wide
    frame = look.paint
    lens: Rgb = {"grey lenses": (58, 60, 66), "brown lenses": (112, 70, 40), "blue lenses": (60, 104, 150)}[look.trim]
    cy, gap = 200.0, 82.0
    for side in (-1, 1):
        cx = CX + side * gap
        pen.tube(spline([(cx + side * w * 0.9, cy - 24), (cx + side * w * 1.25, cy - 34), (cx + side * w * 1.1, cy - 74), (cx + side * w * 0.7, cy - 92)], closed=False), frame.lit(0.8), 6 if look.material == "metal" else 10)
        pts = {
            "aviator": [(-0.85, -0.6), (0.1, -0.7), (0.95, -0.55), (0.9, 0.1), (0.4, 0.78), (-0.25, 0.8), (-0.8, 0.2)],
            "square": [(-0.95, -0.6), (-0.95, -0.6), (0.2, -0.66), (1.0, -0.66), (1.0, -0.66), (0.92, 0.36), (0.5, 0.62), (-0.5, 0.62), (-0.88, 0.3)],
            "round": [(-0.84, 0.0), (-0.6, -0.6), (0.0, -0.84), (0.6, -0.6), (0.84, 0.0), (0.6, 0.6), (0.0, 0.84), (-0.6, 0.6)],
            "cat-eye": [(-0.86, -0.3), (0.0, -0.56), (0.7, -0.72), (1.24, -0.94), (1.24, -0.94), (1.0, 0.1), (0.4, 0.56), (-0.4, 0.52), (-0.84, 0.16)],
        }[look.shape]
        d = spline([(cx + side * x * w, cy + y * w) for x, y in pts])
        width = 5.5 if look.material == "metal" else 13.0
        pen.part(d, Paint(lens, "glass"), "ball", soft=0.1, opacity=0.88)
        pen.flat(spline([(cx - w * 0.5, cy - w * 0.42), (cx - w * 0.1, cy - w * 0.5), (cx - w * 0.36, cy + w * 0.2), (cx - w * 0.6, cy + w * 0.1)]), (255, 255, 255), opacity=0.2)
        pen.tube(d, frame, width)
    bridge = "M{0} {2}Q{1} {3} {4} {2}".format(CX - 25, CX, cy - 14, cy - 34, CX + 25)
    pen.tube(bridge, frame, 5 if look.material == "metal" else 11)
    if look.shape == "aviator":
        pen.tube(f"M{CX - 40} {cy - 42}H{CX + 40}", frame, 5)


def draw_umbrella(pen: Pen, look: Look) -> None:
    """Draw an umbrella: open, deep dome, or furled."""
    paint, w, h = look.paint, 142 * look.wide, look.tall
    wood = Paint((126, 84, 52), "wood")
    steel = Paint((150, 152, 158), "metal")
    if look.shape == "furled":
        pen.begin("rotate(24 200 200)")
        pen.tube("M200 40V60", steel, 6)
        pen.tube("M200 250V338C200 372 248 372 248 338", wood, 13)
        pen.part(spline([(198, 52), (202, 52), (222, 150), (228, 262), (228, 262), (200, 272), (172, 262), (172, 262), (178, 150)]), paint, "round", soft=0.7)
        for dx in (-14, 2, 16):
            pen.fold(f"M200 64Q{200 + dx * 0.8} 160 {200 + dx * 1.4} 260", 5, 0.5)
        pen.part(box(176, 206, 48, 12, 4), paint.plain().lit(0.7), "round", soft=0.2)
        pen.end()
        return
    top, rim = (64.0, 216.0) if look.shape == "open" else (48.0, 262.0)
    rim += 30 * (h - 1)
    w *= 1.0 if look.shape == "open" else 0.84
    pen.tube(f"M{CX} {top - 18}V{top + 10}", steel, 6)
    pen.tube(f"M{CX} {rim - 40}V316", steel, 6)
    pen.tube(f"M{CX} 306V338C{CX} 372 {CX - 44} 372 {CX - 44} 338", wood, 12)
    count = 6
    xs = [CX - w + 2 * w * i / count for i in range(count + 1)]
    scallops = "".join(f"Q{(xs[i] + xs[i + 1]) / 2:.1f} {rim - 24:.1f} {xs[i]:.1f} {rim:.1f}" for i in reversed(range(count)))
    dome = f"M{xs[0]:.1f} {rim:.1f}C{CX - w:.1f} {top + 30:.1f} {CX - w * 0.5:.1f} {top:.1f} {CX} {top}C{CX + w * 0.5:.1f} {top:.1f} {CX + w:.1f} {top + 30:.1f} {xs[-1]:.1f} {rim:.1f}{scallops}Z"
    pen.part(dome, paint, "ball", soft=0.5)
    for i in range(1, count):
        k = (xs[i] - CX) / w
        d = f"M{CX} {top + 2}Q{CX + k * w * 0.9:.1f} {top + 20:.1f} {xs[i]:.1f} {rim:.1f}"
        pen.line(d, mixed(look.rgb, (20, 20, 24), 0.4), 1.4, opacity=0.8)
        pen.fold(d, 8, 0.28)


_SOFT = ("plain", "plain", "striped", "checked", "polka dot", "floral")

KINDS = (
    Kind("hat", "Fashion", "Fashion > Accessories > Hats", ("fedora", "bucket", "beanie", "boater"),
         {"felt": DYE_NAMES, "knit": DYE_NAMES, "cotton": DYE_NAMES, "straw": ("straw",)}, (19, 110), draw_hat, patterns=_SOFT, patterned=("cotton",),
         trims=("", "bobble"), synonyms=("headwear", "woolly hat", "sun hat")),
    Kind("cap", "Fashion", "Fashion > Accessories > Caps", ("baseball", "trucker", "flat"),
         {"cotton": DYE_NAMES, "wool": ("grey", "brown", "black", "navy", "green"), "denim": ("blue", "navy", "black")}, (15, 49), draw_cap, patterns=("plain", "plain", "plain", "checked", "striped"),
         patterned=("cotton", "wool"), trims=("", "patch"), synonyms=("baseball cap", "peaked cap", "cap with a visor")),
    Kind("wrist watch", "Fashion", "Fashion > Accessories > Watches", ("round", "square", "rectangular"),
         {"leather": HIDES, "steel": ("silver", "gold"), "rubber": ("black", "white", "blue", "red", "green", "teal", "mustard")}, (59, 690), draw_watch, rest="flat",
         trims=tuple(f"{metal} case, {dial} dial" for metal in ("gold", "silver") for dial in ("white", "black", "blue")), synonyms=("watch", "wristwatch", "timepiece for the wrist")),
    Kind("sunglasses", "Fashion", "Fashion > Accessories > Sunglasses", ("aviator", "square", "round", "cat-eye"),
         {"plastic": DYE_NAMES, "metal": ("gold", "silver", "black")}, (25, 190), draw_sunglasses, rest="flat", trims=("grey lenses", "brown lenses", "blue lenses"),
         synonyms=("shades", "sun glasses", "eyewear")),
    Kind("umbrella", "Fashion", "Fashion > Accessories > Umbrellas", ("open", "dome", "furled"), {"nylon": DYE_NAMES}, (15, 75), draw_umbrella,
         patterns=("plain", "plain", "striped", "checked", "polka dot", "floral"), patterned=("nylon",), rest="wall", synonyms=("parasol", "brolly", "rain umbrella")),
)
