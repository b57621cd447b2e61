"""Sunglasses and umbrellas."""

from __future__ import annotations

from indexer.sample.kinds.kind import DYE_NAMES, ProductKind
from indexer.sample.palette import Rgb, mixed
from indexer.sample.paths import Point, box, spline
from indexer.sample.product_look import Look
from indexer.sample.svg_pen import CX, Paint, Pen

LENS_TINTS: dict[str, Rgb] = {
    "grey lenses": (58, 60, 66),
    "brown lenses": (112, 70, 40),
    "blue lenses": (60, 104, 150),
}

LENS_OUTLINES: dict[str, list[Point]] = {
    "aviator": [
        (-0.85, -0.6), (0.1, -0.7), (0.95, -0.55), (0.9, 0.1), (0.4, 0.78), (-0.25, 0.8),
        (-0.8, 0.2),
    ],
    "square": [
        (-0.95, -0.6), (-0.95, -0.6), (0.2, -0.66), (1.0, -0.66), (1.0, -0.66),
        (0.92, 0.36), (0.5, 0.62), (-0.5, 0.62), (-0.88, 0.3),
    ],
    "round": [
        (-0.84, 0.0), (-0.6, -0.6), (0.0, -0.84), (0.6, -0.6), (0.84, 0.0), (0.6, 0.6),
        (0.0, 0.84), (-0.6, 0.6),
    ],
    "cat-eye": [
        (-0.86, -0.3), (0.0, -0.56), (0.7, -0.72), (1.24, -0.94), (1.24, -0.94),
        (1.0, 0.1), (0.4, 0.56), (-0.4, 0.52), (-0.84, 0.16),
    ],
}  # fmt: skip
"""Outline of the right lens around its middle, in units of half its width."""


def draw_sunglasses(pen: Pen, look: Look) -> None:
    """Draw sunglasses from the front, arms folding away."""
    w = 62 * look.wide
    frame = look.paint
    lens = LENS_TINTS[look.trim]
    cy, gap = 200.0, 82.0
    for side in (-1, 1):
        cx = CX + side * gap
        pen.tube(
            spline(
                [
                    (cx + side * w * 0.9, cy - 24), (cx + side * w * 1.25, cy - 34),
                    (cx + side * w * 1.1, cy - 74), (cx + side * w * 0.7, cy - 92),
                ],
                closed=False,
            ),
            frame.lit(0.8),
            6 if look.material == "metal" else 10,
        )  # fmt: skip
        pts = LENS_OUTLINES[look.shape]
        d = spline([(cx + side * x * w, cy + y * w) for x, y in pts])
        width = 5.5 if look.material == "metal" else 13.0
        pen.part(d, Paint(lens, "glass"), "ball", soft=0.1, opacity=0.88)
        pen.flat(
            spline(
                [
                    (cx - w * 0.5, cy - w * 0.42), (cx - w * 0.1, cy - w * 0.5),
                    (cx - w * 0.36, cy + w * 0.2), (cx - w * 0.6, cy + w * 0.1),
                ]
            ),
            (255, 255, 255),
            opacity=0.2,
        )  # fmt: skip
        pen.tube(d, frame, width)
    bridge = f"M{CX - 25} {cy - 14}Q{CX} {cy - 34} {CX + 25} {cy - 14}"
    pen.tube(bridge, frame, 5 if look.material == "metal" else 11)
    if look.shape == "aviator":
        pen.tube(f"M{CX - 40} {cy - 42}H{CX + 40}", frame, 5)


def draw_umbrella(pen: Pen, look: Look) -> None:
    """Draw an umbrella: open, deep dome, or furled."""
    paint, w, h = look.paint, 142 * look.wide, look.tall
    wood = Paint((126, 84, 52), "wood")
    steel = Paint((150, 152, 158), "metal")
    if look.shape == "furled":
        _furled(pen, steel, wood, paint)
        return
    top, rim = (64.0, 216.0) if look.shape == "open" else (48.0, 262.0)
    rim += 30 * (h - 1)
    w *= 1.0 if look.shape == "open" else 0.84
    pen.tube(f"M{CX} {top - 18}V{top + 10}", steel, 6)
    pen.tube(f"M{CX} {rim - 40}V316", steel, 6)
    pen.tube(f"M{CX} 306V338C{CX} 372 {CX - 44} 372 {CX - 44} 338", wood, 12)
    count = 6
    xs = [CX - w + 2 * w * i / count for i in range(count + 1)]
    scallops = "".join(
        f"Q{(xs[i] + xs[i + 1]) / 2:.1f} {rim - 24:.1f} {xs[i]:.1f} {rim:.1f}"
        for i in reversed(range(count))
    )
    dome = (
        f"M{xs[0]:.1f} {rim:.1f}C{CX - w:.1f} {top + 30:.1f} {CX - w * 0.5:.1f}"
        f" {top:.1f} {CX} {top}C{CX + w * 0.5:.1f} {top:.1f}"
        f" {CX + w:.1f} {top + 30:.1f} {xs[-1]:.1f} {rim:.1f}{scallops}Z"
    )
    pen.part(dome, paint, "ball", soft=0.5)
    for i in range(1, count):
        k = (xs[i] - CX) / w
        d = f"M{CX} {top + 2}Q{CX + k * w * 0.9:.1f} {top + 20:.1f} {xs[i]:.1f} {rim:.1f}"
        pen.line(d, mixed(look.rgb, (20, 20, 24), 0.4), 1.4, opacity=0.8)
        pen.fold(d, 8, 0.28)


def _furled(pen: Pen, steel: Paint, wood: Paint, paint: Paint) -> None:
    """Draw a closed umbrella."""
    pen.begin("rotate(24 200 200)")
    pen.tube("M200 40V60", steel, 6)
    pen.tube("M200 250V338C200 372 248 372 248 338", wood, 13)
    pen.part(
        spline(
            [
                (198, 52), (202, 52), (222, 150), (228, 262), (228, 262), (200, 272),
                (172, 262), (172, 262), (178, 150),
            ]
        ),
        paint,
        "round",
        soft=0.7,
    )  # fmt: skip
    for dx in (-14, 2, 16):
        pen.fold(f"M200 64Q{200 + dx * 0.8} 160 {200 + dx * 1.4} 260", 5, 0.5)
    pen.part(box(176, 206, 48, 12, 4), paint.plain().lit(0.7), "round", soft=0.2)
    pen.end()


KINDS = (
    ProductKind(
        "sunglasses",
        "Fashion",
        "Fashion > Accessories > Sunglasses",
        ("aviator", "square", "round", "cat-eye"),
        {"plastic": DYE_NAMES, "metal": ("gold", "silver", "black")},
        (25, 190),
        draw_sunglasses,
        rest="flat",
        trims=("grey lenses", "brown lenses", "blue lenses"),
        synonyms=("sun glasses", "pair of sunglasses"),
    ),
    ProductKind(
        "umbrella",
        "Fashion",
        "Fashion > Accessories > Umbrellas",
        ("open", "dome", "furled"),
        {"nylon": DYE_NAMES},
        (15, 75),
        draw_umbrella,
        patterns=("plain", "plain", "striped", "checked", "polka dot", "floral"),
        patterned=("nylon",),
        rest="wall",
        synonyms=("brolly", "rain umbrella"),
    ),
)
