"""Table, floor and pendant lamps."""

from __future__ import annotations

from indexer.sample.kinds.kind import DYE_NAMES, ProductKind
from indexer.sample.palette import COLOURS, Rgb, mixed
from indexer.sample.paths import band, ellipse, polyline, revolved, spline
from indexer.sample.product_look import Look
from indexer.sample.svg_pen import CX, Paint, Pen

WARM: Rgb = (255, 238, 196)


def base_paint(trim: str) -> Paint:
    """Return the paint of a lamp's base from its trim, such as "brass base"."""
    name = trim.split(maxsplit=1)[0]
    return {
        "brass": Paint(COLOURS["brass"], "brass"),
        "chrome": Paint(COLOURS["silver"], "metal"),
        "oak": Paint(COLOURS["oak"], "wood"),
        "walnut": Paint(COLOURS["walnut"], "wood"),
        "black": Paint((46, 46, 50), "enamel"),
        "white": Paint((238, 236, 230), "ceramic"),
        "marble": Paint(COLOURS["marble"], "marble"),
    }[name]


def _shade(pen: Pen, look: Look, cx: float, profile: list[tuple[float, float]]) -> None:
    """Draw a lampshade, lit from within when it is cloth."""
    paint = look.paint
    y, r = profile[0]
    low, wide = profile[-1]
    pen.part(ellipse(cx, low, wide, wide * pen.tilt), Paint(WARM, "paper"), "flat", soft=0)
    if look.material in ("metal", "enamel"):
        pen.part(revolved(cx, profile, pen.tilt), paint, "round", soft=0.25)
    else:
        pen.part(revolved(cx, profile, pen.tilt), paint, "round", soft=0.15)
        glow = mixed(look.rgb, WARM, 0.75)
        pen.glow(revolved(cx, profile, pen.tilt), WARM)
        pen.line(band(cx, low - 3, wide, 0, wide, pen.tilt).split("L")[0], glow, 2.2, opacity=0.6)
    if r > 16:
        pen.part(
            ellipse(cx, y, r - 1, (r - 1) * pen.tilt),
            Paint(mixed(look.rgb, WARM, 0.55), "paper"),
            "inside",
            soft=0,
        )


_SHADES = {
    "drum": lambda y, w: [(y, w * 0.9), (y + 104, w)],
    "cone": lambda y, w: [(y, w * 0.42), (y + 112, w * 1.08)],
    "dome": lambda y, w: [
        (y, w * 0.16), (y + 12, w * 0.56), (y + 44, w * 0.94), (y + 88, w * 1.12),
    ],
}  # fmt: skip


def draw_table_lamp(pen: Pen, look: Look) -> None:
    """Draw a table lamp; its trim decides the base, its shape the shade."""
    base, foot = base_paint(look.trim), 346.0
    w = 88 * look.wide
    top = 66 + (1 - look.tall) * 60
    shade = _SHADES[look.shape](top, w)
    low = shade[-1][0]
    form = "metal" if base.material in ("brass", "metal") else "round"
    stem = {
        "drum": [
            (low - 10, 9.0), (low + 22, 12.0), (low + 66, 58.0), (foot - 44, 62.0),
            (foot - 12, 40.0), (foot, 44.0),
        ],
        "cone": [
            (low - 10, 6.0), (foot - 34, 6.0), (foot - 26, 20.0), (foot - 12, 54.0), (foot, 56.0),
        ],
        "dome": [
            (low - 16, 34.0), (low + 30, 22.0), (foot - 44, 26.0), (foot - 12, 56.0),
            (foot, 60.0),
        ],
    }[look.shape]  # fmt: skip
    pen.part(revolved(CX, stem, pen.tilt), base, form, soft=0.35)
    _shade(pen, look, CX, shade)


def draw_floor_lamp(pen: Pen, look: Look) -> None:
    """Draw a floor lamp: tripod, arc or straight pole."""
    base, foot = base_paint(look.trim), 368.0
    form = "metal" if base.material in ("brass", "metal") else "round"
    w = 56 * look.wide
    if look.shape == "tripod":
        top = 32.0
        for dx in (-14, 62, -64):
            pen.tube(
                polyline([(CX + dx * 0.12, top + 80), (CX + dx, foot - (14 if dx == -14 else 0))]),
                base,
                9,
            )
        pen.part(ellipse(CX, top + 118, 13, 7), base, "ball", soft=0)
        _shade(pen, look, CX, [(top, w * 0.86), (top + 84, w * 1.1)])
        return
    if look.shape == "arc":
        pen.part(revolved(120, [(foot - 16, 44), (foot, 44)], pen.tilt), base, form, soft=0.2)
        pen.part(ellipse(120, foot - 16, 44, 44 * pen.tilt), base.lit(1.1), "flat", soft=0)
        pen.tube(
            spline(
                [(120, foot - 14), (112, 200), (136, 70), (204, 30), (270, 60), (286, 96)],
                closed=False,
            ),
            base,
            8,
        )
        _shade(pen, look, 286, [(92, 12.0), (104, w * 0.6), (140, w * 1.02), (152, w * 1.06)])
        return
    top = 36.0
    pen.part(
        revolved(CX, [(top + 60, 5), (foot - 20, 5), (foot - 12, 30), (foot, 46)], pen.tilt),
        base,
        form,
        soft=0.2,
    )
    _shade(pen, look, CX, [(top, w * 0.5), (top + 92, w * 1.12)])


def draw_pendant(pen: Pen, look: Look) -> None:
    """Draw a lamp hanging from the top of the picture."""
    w, top = 108 * look.wide, 132.0
    fitting = base_paint(look.trim)
    pen.tube(f"M{CX} -6V{top - 18}", Paint((52, 50, 50), "rubber"), 4)
    pen.part(revolved(CX, [(0, 22), (12, 24)], pen.tilt), fitting, "metal", soft=0)
    profiles = {
        "dome": [(top, 18.0), (top + 14, w * 0.5), (top + 64, w * 0.92), (top + 112, w * 1.06)],
        "cone": [(top, 16.0), (top + 30, 30.0), (top + 130, w * 1.08)],
        "bell": [(top, 16.0), (top + 34, w * 0.46), (top + 100, w * 0.58), (top + 136, w * 0.94)],
    }
    if look.shape == "globe":
        pen.part(
            ellipse(CX, top + 84, w * 0.84, w * 0.84),
            look.paint,
            "ball",
            soft=0.3,
            opacity=0.8 if look.material == "glass" else 1,
        )
        pen.glow(ellipse(CX, top + 84, w * 0.84, w * 0.84), WARM)
    else:
        low, wide = profiles[look.shape][-1]
        pen.part(revolved(CX, profiles[look.shape], -0.001), look.paint, "round", soft=0.25)
        pen.part(ellipse(CX, low, wide, wide * 0.16), look.paint.plain().lit(0.55), "flat", soft=0)
        pen.part(
            ellipse(CX, low + 1, wide - 4, wide * 0.16 - 3),
            Paint(mixed(WARM, look.rgb, 0.16), "paper"),
            "inside",
            soft=0,
        )
        pen.part(ellipse(CX, low + 4, 23, 15), Paint((255, 246, 220), "glass"), "ball", soft=0)
    pen.part(
        revolved(CX, [(top - 24, 9), (top - 4, 14), (top + 4, 18)], pen.tilt),
        fitting,
        "metal",
        soft=0.1,
    )


_BASES = ("brass base", "black base", "oak base", "white base")

KINDS = (
    ProductKind(
        "table lamp",
        "Home",
        "Home > Lighting > Table lamps",
        ("drum", "cone", "dome"),
        {
            "linen": DYE_NAMES,
            "cotton": DYE_NAMES,
            "metal": ("black", "white", "green", "red", "mustard", "navy", "teal", "grey"),
        },
        (39, 180),
        draw_table_lamp,
        patterns=("plain", "plain", "plain", "striped", "geometric", "floral"),
        patterned=("cotton",),
        trims=(*_BASES, "chrome base", "marble base"),
        synonyms=("bedside lamp",),
    ),
    ProductKind(
        "floor lamp",
        "Home",
        "Home > Lighting > Floor lamps",
        ("tripod", "arc", "pole"),
        {
            "linen": ("white", "beige", "grey", "black", "navy", "green", "mustard", "rust"),
            "metal": ("black", "white", "red", "teal", "mustard", "green"),
        },
        (89, 420),
        draw_floor_lamp,
        trims=("brass base", "black base", "walnut base", "oak base"),
        synonyms=("standing lamp", "standard lamp"),
    ),
    ProductKind(
        "pendant lamp",
        "Home",
        "Home > Lighting > Pendant lamps",
        ("dome", "globe", "cone", "bell"),
        {
            "metal": DYE_NAMES,
            "rattan": ("straw", "brown", "black"),
            "glass": ("white", "clear", "rust", "green", "blue"),
        },
        (49, 260),
        draw_pendant,
        rest="wall",
        trims=("brass fitting", "black fitting", "chrome fitting"),
        synonyms=("ceiling light", "hanging lamp"),
    ),
)
