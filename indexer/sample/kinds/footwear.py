"""Sneakers, boots and heels, seen from the side with the toe to the left."""

from __future__ import annotations

from indexer.sample.kinds.kind import DYE_NAMES, HIDES, Kind
from indexer.sample.look import Look
from indexer.sample.palette import Rgb, brightness, lit
from indexer.sample.paths import ellipse, polygon, spline
from indexer.sample.pen import Paint, Pen

SOLES: dict[str, Rgb] = {"white sole": (240, 239, 234), "gum sole": (190, 128, 72), "black sole": (46, 45, 48)}


def _laces(pen: Pen, start: tuple[float, float], end: tuple[float, float], count: int, rgb: Rgb) -> None:
    for i in range(count):
        k = i / max(count - 1, 1)
        x, y = start[0] + (end[0] - start[0]) * k, start[1] + (end[1] - start[1]) * k
        pen.line(f"M{x - 13:.1f} {y + 7:.1f}L{x + 12:.1f} {y - 8:.1f}", lit(rgb, 0.62), 6.5)
        pen.line(f"M{x - 13:.1f} {y + 6:.1f}L{x + 12:.1f} {y - 9:.1f}", rgb, 4.6)


def draw_sneaker(pen: Pen, look: Look) -> None:
    """Draw a sneaker: low, high or a runner with a wedge sole."""
    paint, plain = look.paint, look.paint.plain()
    sole = Paint(SOLES[look.trim], "rubber")
    lace: Rgb = (246, 245, 240) if brightness(look.rgb) < 0.8 else (60, 60, 64)
    pen.begin(f"translate(200 200) scale({look.wide:.3f} {look.tall:.3f}) translate(-200 -196)")
    high = look.shape == "high-top"
    throat_y, ankle = (112.0, 128.0) if high else (196.0, 206.0)
    heel_x = 316.0
    rear = throat_y - (2 if high else 18)
    tongue = [(186, throat_y + 18), (182, throat_y - 20), (198, throat_y - 30), (216, throat_y - 24), (224, throat_y + 16), (206, throat_y + 30)]
    pen.part(spline([(208, throat_y + 4), (heel_x - 50, throat_y - 4), (heel_x - 8, rear), (heel_x - 8, rear), (heel_x - 12, ankle + 24), (240, ankle + 22)]), plain, "inside", soft=0.2)
    pen.part(spline(tongue), plain.lit(1.08), "flat", soft=0.5)
    upper = [(56, 274), (62, 250), (92, 236), (148, 226 if not high else 214), (188, throat_y + 14 if not high else 166), (206, throat_y), (206, throat_y),
             (heel_x - 62, ankle + 8), (heel_x - 30, ankle + 2), (heel_x - 8, rear), (heel_x - 8, rear), (heel_x + 2, rear + 6), (heel_x + 2, 234), (heel_x + 6, 280), (heel_x + 6, 280), (56, 280), (56, 280)]
    pen.part(spline(upper), paint, "cloth", soft=0.8)
    second = plain.dyed(look.accent_rgb) if look.shape == "runner" else plain.lit(0.88)
    pen.part(spline([(56, 274), (66, 246), (96, 236), (126, 252), (134, 280), (134, 280), (56, 280), (56, 280)]), (second if look.shape == "runner" else plain.lit(1.06)), "cloth", soft=0.5)
    pen.part(spline([(heel_x - 44, 280), (heel_x - 44, 280), (heel_x - 34, 238), (heel_x + 2, 216), (heel_x + 2, 216), (heel_x + 5, 280), (heel_x + 4, 280)]), second, "cloth", soft=0.4)
    end = (200.0, throat_y + 14)
    pen.seam(f"M124 244Q170 246 {end[0] + 14} {end[1] + 30}L{end[0] + 28} {end[1]}", plain, stitched=True)
    _laces(pen, (144, 226 if not high else 216), end, 6 if high else 4, lace)
    if look.shape == "runner":
        for dx in (0, 22):
            pen.line(f"M{190 + dx} 268Q{206 + dx} 246 {226 + dx} 232", look.accent_rgb, 8)
        body = "M44 276C40 296 52 308 84 308H316C340 306 340 270 322 258C300 272 250 276 200 276Z"
        pen.part(body, sole, "bar", soft=0.4)
        pen.part("M60 300H322L316 312H74Z", Paint((50, 50, 54), "rubber"), "flat", soft=0.2)
    else:
        if high:
            pen.part(ellipse(272, 178, 19, 19), Paint((240, 238, 232), "rubber"), "flat", soft=0.3)
            pen.line(ellipse(272, 178, 12, 12), look.accent_rgb, 3)
        else:
            pen.line("M206 264Q226 244 262 238", look.accent_rgb if look.pattern == "plain" else lit(look.rgb, 0.8), 8)
        pen.part("M46 274C40 300 50 306 70 306H312C328 306 328 290 324 272Z", sole, "bar", soft=0.3)
        pen.line("M52 286H322", lit(sole.rgb, 0.72), 1.6)
    pen.end()


def draw_boot(pen: Pen, look: Look) -> None:
    """Draw a boot: Chelsea ankle boot, lace-up or knee-high."""
    paint, plain = look.paint, look.paint.plain()
    top = {"ankle": 130.0, "lace-up": 106.0, "knee-high": 34.0}[look.shape] + 40 * (1 - look.tall)
    sole = Paint(SOLES[look.trim], "rubber")
    front, back = (172.0, 280.0) if look.shape != "knee-high" else (160.0, 282.0)
    upper = [(66, 300), (72, 268), (112, 246), (160, 228), (front + 10, 190), (front, top + 6), (front, top + 6), (back, top), (back, top),
             (back - 6, 200), (back + 6, 262), (back + 2, 304), (back + 2, 304), (66, 304), (66, 304)]
    pen.part(spline(upper), paint, "cloth", soft=0.8)
    pen.fold(f"M{front + 30:.1f} {top + 20:.1f}V200Q{front + 24:.1f} 226 140 252", 12, -0.3)
    for y in (206, 222):
        pen.fold(f"M{front + 12:.1f} {y}Q{front + 44:.1f} {y + 12} {front + 74:.1f} {y - 2}", 5, 0.4)
    pen.part(ellipse((front + back) / 2, top + 3, (back - front) / 2, 10), plain, "inside", soft=0.1)
    if look.shape == "ankle":
        pen.part(polygon([(216, top + 8), (252, top + 6), (244, 228), (224, 228)]), Paint(lit(look.rgb, 0.62), "wool"), "flat", soft=0.3)
        pen.tube(f"M{back - 6} {top + 14}C{back + 14} {top - 4} {back + 14} {top - 22} {back - 4} {top - 8}", plain, 6)
    elif look.shape == "lace-up":
        pen.seam("M120 248Q176 260 196 214L206 116", plain, stitched=True)
        _laces(pen, (146, 232), (front + 10, top + 22), 7, (214, 176, 108) if brightness(look.rgb) < 0.5 else (60, 54, 50))
        pen.seam("M70 286Q110 262 124 302", plain, stitched=True)
    else:
        pen.seam(f"M258 {top + 14}Q252 200 262 296", plain)
        pen.seam(f"M{front} {top + 26}L{back} {top + 20}", plain, width=2)
    heel = 336.0 if look.shape != "lace-up" else 334.0
    pen.part(f"M60 300H{back + 6}V316H214L204 322H76Q56 322 60 300Z", sole, "bar", soft=0.2)
    pen.part(f"M222 314H{back + 6}L{back + 2} {heel}H226Z", sole.lit(0.9), "bar", soft=0.3)
    if look.shape == "lace-up":
        for x in range(72, 206, 17):
            pen.part(f"M{x} 320h11v9h-11Z", sole.lit(0.8), "flat", soft=0)


def draw_heel(pen: Pen, look: Look) -> None:
    """Draw a heeled shoe: stiletto, block heel, or wedge."""
    paint, plain = look.paint, look.paint.plain()
    pen.begin(f"translate(200 200) scale({look.wide:.3f} {look.tall:.3f}) translate(-200 -214)")
    outline = [(60, 312), (58, 298), (94, 280), (132, 272), (132, 272), (160, 284), (206, 268), (244, 212), (268, 156), (268, 156),
               (300, 150), (322, 152), (322, 152), (332, 190), (316, 214), (300, 222), (300, 222), (258, 262), (206, 308), (150, 318), (90, 318)]
    sole_tone = Paint((206, 172, 132), "leather")
    if look.shape == "stiletto":
        pen.part("M330 192C334 230 326 300 322 330H314C312 290 310 250 296 216Z", plain.lit(0.85), "round", soft=0.2)
    elif look.shape == "block":
        pen.part("M332 190L334 330H280L286 228Z", plain.lit(0.85), "round", soft=0.3)
    else:
        wedge = Paint((200, 160, 106), "jute")
        pen.part("M332 196C338 240 334 300 330 330H70C56 330 58 314 66 312C140 322 210 306 258 256C280 234 296 222 332 196Z", wedge, "bar", soft=0.4)
    pen.part(spline([(70, 318), (150, 320), (206, 310), (262, 262), (312, 212), (312, 212), (318, 220), (264, 274), (208, 322), (150, 330), (76, 328)]), sole_tone, "flat", soft=0.1)
    pen.part(spline([(128, 276), (160, 288), (206, 270), (246, 210), (270, 158), (316, 156), (308, 200), (250, 262), (200, 298), (150, 300)]), plain.lit(0.8).dyed((224, 196, 164)), "inside", soft=0.2)
    pen.part(spline(outline), paint, "ball", soft=0.7)
    pen.fold("M84 296Q110 284 140 290", 8, -0.5)
    pen.fold("M300 164Q312 190 296 210", 7, -0.4)
    if look.trim == "ankle strap":
        pen.tube("M324 156C336 128 318 112 288 112C262 112 250 128 266 158", plain, 8)
        pen.part(ellipse(260, 136, 7, 7), Paint((206, 170, 88), "brass"), "ball", soft=0)
    elif look.trim == "bow":
        pen.part(spline([(112, 272), (88, 258), (90, 284), (112, 272), (136, 258), (134, 286)]), plain.lit(1.1), "flat", soft=0.7)
    pen.end()


KINDS = (
    Kind("sneaker", "Fashion", "Fashion > Shoes > Sneakers", ("low-top", "high-top", "runner"),
         {"canvas": DYE_NAMES, "leather": ("white", "black", "brown", "navy", "green", "red", "grey"), "suede": ("beige", "grey", "rust", "blue", "green", "pink", "navy")},
         (45, 160), draw_sneaker, patterns=("plain", "plain", "plain", "checked", "floral", "striped"), patterned=("canvas",), trims=("white sole", "gum sole", "black sole"), synonyms=("trainers", "sneakers", "tennis shoes")),
    Kind("boot", "Fashion", "Fashion > Shoes > Boots", ("ankle", "lace-up", "knee-high"),
         {"leather": HIDES, "suede": ("beige", "brown", "rust", "grey", "black", "navy", "purple")}, (79, 290), draw_boot, trims=("black sole", "gum sole"), synonyms=("boots", "winter boots", "leather boots")),
    Kind("heel", "Fashion", "Fashion > Shoes > Heels", ("stiletto", "block", "wedge"),
         {"leather": DYE_NAMES, "suede": ("black", "red", "navy", "beige", "rust", "green", "purple"), "silk": ("pink", "teal", "red", "blue", "white", "black", "purple", "mustard")},
         (49, 240), draw_heel, patterns=("plain", "plain", "plain", "polka dot", "floral"), patterned=("silk",), trims=("", "ankle strap", "bow"), synonyms=("high heels", "pumps", "heeled shoes")),
)
