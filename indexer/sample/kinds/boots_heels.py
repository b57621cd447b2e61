"""Boots and heeled shoes, seen from the side with the toe to the left."""

from __future__ import annotations

from indexer.sample.kinds.kind import DYE_NAMES, HIDES, ProductKind
from indexer.sample.kinds.sneakers import SOLES, draw_laces
from indexer.sample.palette import brightness, lit
from indexer.sample.paths import ellipse, polygon, spline
from indexer.sample.product_look import Look
from indexer.sample.svg_pen import Paint, Pen


def draw_boot(pen: Pen, look: Look) -> None:
    """Draw a boot: Chelsea ankle boot, lace-up or knee-high."""
    paint, plain = look.paint, look.paint.plain()
    top = {"ankle": 130.0, "lace-up": 106.0, "knee-high": 34.0}[look.shape] + 40 * (1 - look.tall)
    sole = Paint(SOLES[look.trim], "rubber")
    front, back = (172.0, 280.0) if look.shape != "knee-high" else (160.0, 282.0)
    upper = [
        (66, 300), (72, 268), (112, 246), (160, 228), (front + 10, 190), (front, top + 6),
        (front, top + 6), (back, top), (back, top), (back - 6, 200), (back + 6, 262),
        (back + 2, 304), (back + 2, 304), (66, 304), (66, 304),
    ]  # fmt: skip
    pen.part(spline(upper), paint, "cloth", soft=0.8)
    pen.fold(f"M{front + 30:.1f} {top + 20:.1f}V200Q{front + 24:.1f} 226 140 252", 12, -0.3)
    for y in (206, 222):
        pen.fold(
            f"M{front + 12:.1f} {y}Q{front + 44:.1f} {y + 12} {front + 74:.1f} {y - 2}", 5, 0.4
        )
    pen.part(
        ellipse((front + back) / 2, top + 3, (back - front) / 2, 10), plain, "inside", soft=0.1
    )
    _boot_details(pen, look, back, top, front)
    heel = 336.0 if look.shape != "lace-up" else 334.0
    pen.part(f"M60 300H{back + 6}V316H214L204 322H76Q56 322 60 300Z", sole, "bar", soft=0.2)
    pen.part(f"M222 314H{back + 6}L{back + 2} {heel}H226Z", sole.lit(0.9), "bar", soft=0.3)
    if look.shape == "lace-up":
        for x in range(72, 206, 17):
            pen.part(f"M{x} 320h11v9h-11Z", sole.lit(0.8), "flat", soft=0)


def _boot_details(pen: Pen, look: Look, back: float, top: float, front: float) -> None:
    """Draw what distinguishes the boots: elastic, laces or a seam."""
    plain = look.paint.plain()
    if look.shape == "ankle":
        pen.part(
            polygon([(216, top + 8), (252, top + 6), (244, 228), (224, 228)]),
            Paint(lit(look.rgb, 0.62), "wool"),
            "flat",
            soft=0.3,
        )
        pen.tube(
            f"M{back - 6} {top + 14}C{back + 14} {top - 4}"
            f" {back + 14} {top - 22} {back - 4} {top - 8}",
            plain,
            6,
        )
    elif look.shape == "lace-up":
        pen.seam("M120 248Q176 260 196 214L206 116", plain, stitched=True)
        draw_laces(
            pen,
            (146, 232),
            (front + 10, top + 22),
            7,
            (214, 176, 108) if brightness(look.rgb) < 0.5 else (60, 54, 50),
        )
        pen.seam("M70 286Q110 262 124 302", plain, stitched=True)
    else:
        pen.seam(f"M258 {top + 14}Q252 200 262 296", plain)
        pen.seam(f"M{front} {top + 26}L{back} {top + 20}", plain, width=2)


def draw_heel(pen: Pen, look: Look) -> None:
    """Draw a heeled shoe: stiletto, block heel, or wedge."""
    paint, plain = look.paint, look.paint.plain()
    pen.begin(f"translate(200 200) scale({look.wide:.3f} {look.tall:.3f}) translate(-200 -214)")
    outline = [
        (60, 312), (58, 298), (94, 280), (132, 272), (132, 272), (160, 284), (206, 268),
        (244, 212), (268, 156), (268, 156), (300, 150), (322, 152), (322, 152), (332, 190),
        (316, 214), (300, 222), (300, 222), (258, 262), (206, 308), (150, 318), (90, 318),
    ]  # fmt: skip
    sole_tone = Paint((206, 172, 132), "leather")
    _heel(pen, look)
    pen.part(
        spline(
            [
                (70, 318), (150, 320), (206, 310), (262, 262), (312, 212), (312, 212), (318, 220),
                (264, 274), (208, 322), (150, 330), (76, 328),
            ]
        ),
        sole_tone,
        "flat",
        soft=0.1,
    )  # fmt: skip
    pen.part(
        spline(
            [
                (128, 276), (160, 288), (206, 270), (246, 210), (270, 158), (316, 156),
                (308, 200), (250, 262), (200, 298), (150, 300),
            ]
        ),
        plain.lit(0.8).dyed((224, 196, 164)),
        "inside",
        soft=0.2,
    )  # fmt: skip
    pen.part(spline(outline), paint, "ball", soft=0.7)
    pen.fold("M84 296Q110 284 140 290", 8, -0.5)
    pen.fold("M300 164Q312 190 296 210", 7, -0.4)
    _heel_trim(pen, look)
    pen.end()


def _heel_trim(pen: Pen, look: Look) -> None:
    """Draw an ankle strap or a bow."""
    plain = look.paint.plain()
    if look.trim == "ankle strap":
        pen.tube("M324 156C336 128 318 112 288 112C262 112 250 128 266 158", plain, 8)
        pen.part(ellipse(260, 136, 7, 7), Paint((206, 170, 88), "brass"), "ball", soft=0)
    elif look.trim == "bow":
        pen.part(
            spline([(112, 272), (88, 258), (90, 284), (112, 272), (136, 258), (134, 286)]),
            plain.lit(1.1),
            "flat",
            soft=0.7,
        )


def _heel(pen: Pen, look: Look) -> None:
    """Draw the heel itself."""
    plain = look.paint.plain()
    if look.shape == "stiletto":
        pen.part(
            "M330 192C334 230 326 300 322 330H314C312 290 310 250 296 216Z",
            plain.lit(0.85),
            "round",
            soft=0.2,
        )
    elif look.shape == "block":
        pen.part("M332 190L334 330H280L286 228Z", plain.lit(0.85), "round", soft=0.3)
    else:
        wedge = Paint((200, 160, 106), "jute")
        pen.part(
            "M332 196C338 240 334 300 330 330H70C56 330 58 314 66 312"
            "C140 322 210 306 258 256C280 234 296 222 332 196Z",
            wedge,
            "bar",
            soft=0.4,
        )


KINDS = (
    ProductKind(
        "boot",
        "Fashion",
        "Fashion > Shoes > Boots",
        ("ankle", "lace-up", "knee-high"),
        {"leather": HIDES, "suede": ("beige", "brown", "rust", "grey", "black", "navy", "purple")},
        (79, 290),
        draw_boot,
        trims=("black sole", "gum sole"),
        synonyms=(),
    ),
    ProductKind(
        "heel",
        "Fashion",
        "Fashion > Shoes > Heels",
        ("stiletto", "block", "wedge"),
        {
            "leather": DYE_NAMES,
            "suede": ("black", "red", "navy", "beige", "rust", "green", "purple"),
            "silk": ("pink", "teal", "red", "blue", "white", "black", "purple", "mustard"),
        },
        (49, 240),
        draw_heel,
        patterns=("plain", "plain", "plain", "polka dot", "floral"),
        patterned=("silk",),
        trims=("", "ankle strap", "bow"),
        synonyms=("pumps", "heeled shoes", "high heels"),
    ),
)
