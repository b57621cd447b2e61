"""Sneakers, seen from the side with the toe to the left."""

from __future__ import annotations

from indexer.sample.kinds.kind import DYE_NAMES, ProductKind
from indexer.sample.palette import Rgb, brightness, lit
from indexer.sample.paths import ellipse, spline
from indexer.sample.product_look import Look
from indexer.sample.svg_pen import Paint, Pen

SOLES: dict[str, Rgb] = {
    "white sole": (240, 239, 234),
    "gum sole": (190, 128, 72),
    "black sole": (46, 45, 48),
}


def draw_laces(
    pen: Pen, start: tuple[float, float], end: tuple[float, float], count: int, rgb: Rgb
) -> None:
    """Draw `count` rows of laces from the toe end to the ankle end."""
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
    tongue = [
        (186, throat_y + 18), (182, throat_y - 20), (198, throat_y - 30), (216, throat_y - 24),
        (224, throat_y + 16), (206, throat_y + 30),
    ]  # fmt: skip
    pen.part(
        spline(
            [
                (208, throat_y + 4), (heel_x - 50, throat_y - 4), (heel_x - 8, rear),
                (heel_x - 8, rear), (heel_x - 12, ankle + 24), (240, ankle + 22),
            ]
        ),
        plain,
        "inside",
        soft=0.2,
    )  # fmt: skip
    pen.part(spline(tongue), plain.lit(1.08), "flat", soft=0.5)
    upper = [
        (56, 274), (62, 250), (92, 236), (148, 226 if not high else 214),
        (188, throat_y + 14 if not high else 166), (206, throat_y), (206, throat_y),
        (heel_x - 62, ankle + 8), (heel_x - 30, ankle + 2), (heel_x - 8, rear),
        (heel_x - 8, rear), (heel_x + 2, rear + 6), (heel_x + 2, 234), (heel_x + 6, 280),
        (heel_x + 6, 280), (56, 280), (56, 280),
    ]  # fmt: skip
    pen.part(spline(upper), paint, "cloth", soft=0.8)
    _sneaker_caps(pen, look, heel_x)
    end = (200.0, throat_y + 14)
    pen.seam(
        f"M124 244Q170 246 {end[0] + 14} {end[1] + 30}L{end[0] + 28} {end[1]}", plain, stitched=True
    )
    draw_laces(pen, (144, 226 if not high else 216), end, 6 if high else 4, lace)
    _sneaker_sole(pen, look, high, sole)
    pen.end()


def _sneaker_caps(pen: Pen, look: Look, heel_x: float) -> None:
    """Draw the toe cap and the heel cap."""
    plain = look.paint.plain()
    second = plain.dyed(look.accent_rgb) if look.shape == "runner" else plain.lit(0.88)
    pen.part(
        spline(
            [
                (56, 274), (66, 246), (96, 236), (126, 252), (134, 280), (134, 280), (56, 280),
                (56, 280),
            ]
        ),
        (second if look.shape == "runner" else plain.lit(1.06)),
        "cloth",
        soft=0.5,
    )  # fmt: skip
    pen.part(
        spline(
            [
                (heel_x - 44, 280), (heel_x - 44, 280), (heel_x - 34, 238), (heel_x + 2, 216),
                (heel_x + 2, 216), (heel_x + 5, 280), (heel_x + 4, 280),
            ]
        ),
        second,
        "cloth",
        soft=0.4,
    )  # fmt: skip


def _sneaker_sole(pen: Pen, look: Look, high: bool, sole: Paint) -> None:
    """Draw the sole and the marks on the side."""
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
            pen.line(
                "M206 264Q226 244 262 238",
                look.accent_rgb if look.pattern == "plain" else lit(look.rgb, 0.8),
                8,
            )
        pen.part("M46 274C40 300 50 306 70 306H312C328 306 328 290 324 272Z", sole, "bar", soft=0.3)
        pen.line("M52 286H322", lit(sole.rgb, 0.72), 1.6)


KINDS = (
    ProductKind(
        "sneaker",
        "Fashion",
        "Fashion > Shoes > Sneakers",
        ("low-top", "high-top", "runner"),
        {
            "canvas": DYE_NAMES,
            "leather": ("white", "black", "brown", "navy", "green", "red", "grey"),
            "suede": ("beige", "grey", "rust", "blue", "green", "pink", "navy"),
        },
        (45, 160),
        draw_sneaker,
        patterns=("plain", "plain", "plain", "checked", "floral", "striped"),
        patterned=("canvas",),
        trims=("white sole", "gum sole", "black sole"),
        synonyms=("trainers", "tennis shoes"),
    ),
)
