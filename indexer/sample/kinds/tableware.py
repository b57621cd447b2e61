"""Mugs and teapots."""

from __future__ import annotations

from indexer.sample.kinds.kind import DYE_NAMES, ProductKind
from indexer.sample.kinds.vessels import draw_vessel
from indexer.sample.palette import lit
from indexer.sample.paths import band, ellipse, revolved, spline
from indexer.sample.product_look import Look
from indexer.sample.svg_pen import CX, Paint, Pen


def draw_mug(pen: Pen, look: Look) -> None:
    """Draw a mug with its handle to the right."""
    w, h = 78 * look.wide, 150 * look.tall
    foot = 330.0
    top = foot - h
    profiles = {
        "straight": [(top, w), (foot - 3, w)],
        "tapered": [(top, w * 1.12), (foot - 40, w * 0.84), (foot, w * 0.72)],
        "barrel": [
            (top, w * 0.82), (top + h * 0.25, w * 1.02), (top + h * 0.55, w * 1.1),
            (foot - h * 0.12, w * 0.92), (foot, w * 0.72),
        ],
        "footed": [
            (top, w * 1.08), (top + h * 0.4, w * 1.04), (top + h * 0.66, w * 0.72),
            (foot - h * 0.14, w * 0.34), (foot - h * 0.06, w * 0.5), (foot, w * 0.56),
        ],
    }  # fmt: skip
    side = CX + w * (0.86 if look.shape != "footed" else 0.8)
    up, down = top + h * 0.2, top + h * (0.78 if look.shape != "footed" else 0.6)
    reach = w * 0.72
    handle = spline(
        [
            (side, up), (side + reach * 0.7, up - 4), (side + reach, (up + down) / 2),
            (side + reach * 0.6, down), (side - 6, down + 4),
        ],
        closed=False,
    )  # fmt: skip
    pen.tube(handle, look.paint.plain(), 19)
    draw_vessel(pen, look.paint, profiles[look.shape])
    if look.material == "enamel":
        rim = profiles[look.shape][0][1]
        pen.line(ellipse(CX, top, rim, rim * pen.tilt), lit(look.rgb, 0.3), 4)
    if look.material == "stoneware":
        _bare_foot(pen, profiles[look.shape], foot)


def _bare_foot(pen: Pen, profile: list[tuple[float, float]], foot: float) -> None:
    clay = Paint((196, 160, 124), "terracotta")
    last = profile[-1][1]
    pen.part(band(CX, foot - 13, last + 6, 13, last, pen.tilt), clay, "round", soft=0.0)


def draw_teapot(pen: Pen, look: Look) -> None:
    """Draw a teapot, spout to the left."""
    paint, plain = look.paint, look.paint.plain()
    w, h, foot = 84 * look.wide, 132 * look.tall, 328.0
    top = foot - h
    bodies = {
        "round": [
            (top, w * 0.42), (top + h * 0.16, w * 0.78), (top + h * 0.5, w * 1.12),
            (foot - h * 0.16, w * 0.86), (foot, w * 0.55),
        ],
        "tall": [
            (top - 62, w * 0.42), (top + h * 0.2, w * 0.6), (foot - h * 0.3, w * 0.86),
            (foot - h * 0.08, w * 0.84), (foot, w * 0.66),
        ],
        "squat": [
            (top + 44, w * 0.55), (top + 56, w * 1.0), (top + h * 0.66, w * 1.32),
            (foot - 16, w * 1.06), (foot, w * 0.72),
        ],
    }  # fmt: skip
    body = bodies[look.shape]
    y, r = body[0]
    middle = w * (1.3 if look.shape == "squat" else 1.08 if look.shape == "round" else 0.8)
    low = foot - h * 0.42
    spout = spline(
        [
            (CX - middle * 0.7, low - 16), (CX - middle * 0.7, low - 16),
            (CX - middle - 20, low - 26), (CX - middle - 34, y + 14), (CX - middle - 56, y + 4),
            (CX - middle - 56, y + 4), (CX - middle - 60, y + 14), (CX - middle - 60, y + 14),
            (CX - middle - 40, low + 2), (CX - middle * 0.6, low + 34),
            (CX - middle * 0.6, low + 34),
        ]
    )  # fmt: skip
    pen.part(spout, plain, "bar", soft=0.6)
    _teapot_handle(pen, look, middle, y, r, low)
    pen.part(
        revolved(CX, body, pen.tilt),
        paint,
        "round",
        soft=0.6,
        opacity=0.72 if look.material == "glass" else 1.0,
    )
    _lid(pen, look, y, r)


def _teapot_handle(pen: Pen, look: Look, middle: float, y: float, r: float, low: float) -> None:
    """Draw the handle: an arch over the pot, or a loop behind it."""
    plain = look.paint.plain()
    if look.shape == "squat":
        arch = spline(
            [
                (CX - r - 26, y + 18), (CX - r - 16, y - 50), (CX, y - 86), (CX + r + 16, y - 50),
                (CX + r + 26, y + 18),
            ],
            closed=False,
        )  # fmt: skip
        pen.tube(arch, Paint((120, 82, 52), "wood") if look.trim else plain, 11)
    else:
        side = CX + middle * 0.72
        pen.tube(
            spline(
                [
                    (side - 8, y + 30), (side + 48, y + 12), (side + 66, y + 60),
                    (side + 34, low + 14), (side, low + 22),
                ],
                closed=False,
            ),
            Paint((120, 82, 52), "wood") if look.trim else plain,
            15,
        )  # fmt: skip


def _lid(pen: Pen, look: Look, y: float, r: float) -> None:
    """Draw the lid and its knob."""
    plain = look.paint.plain()
    lid = [(y - 20, 6), (y - 16, r * 0.6), (y + 2, r * 1.04)]
    pen.part(revolved(CX, [(a, float(b)) for a, b in lid], pen.tilt), plain, "round", soft=0.5)
    knob = Paint((120, 82, 52), "wood") if look.trim else plain
    pen.part(ellipse(CX, y - 28, 12, 11), knob, "ball", soft=0.2)


_PRINTS = ("plain", "plain", "striped", "polka dot", "floral", "geometric")


KINDS = (
    ProductKind(
        "mug",
        "Home",
        "Kitchen > Tableware > Mugs",
        ("straight", "tapered", "barrel", "footed"),
        {
            "ceramic": DYE_NAMES,
            "stoneware": DYE_NAMES,
            "enamel": ("white", "blue", "red", "green", "navy", "mustard"),
        },
        (9, 24),
        draw_mug,
        patterns=_PRINTS,
        patterned=("ceramic",),
        synonyms=("coffee mug", "tea mug"),
    ),
    ProductKind(
        "teapot",
        "Home",
        "Kitchen > Tableware > Teapots",
        ("round", "tall", "squat"),
        {
            "ceramic": DYE_NAMES,
            "stoneware": ("grey", "beige", "teal", "green", "blue", "white"),
            "steel": ("silver",),
        },
        (28, 85),
        draw_teapot,
        patterns=_PRINTS,
        patterned=("ceramic",),
        trims=("", "wooden handle"),
        synonyms=("tea pot",),
    ),
)
