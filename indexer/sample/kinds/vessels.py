"""Bottles, vases, and the open vessel of which mugs and vases are made."""

from __future__ import annotations

from indexer.sample.kinds.kind import DYE_NAMES, ProductKind
from indexer.sample.palette import lit
from indexer.sample.paths import Profile, band, ellipse, revolved, spline
from indexer.sample.product_look import Look
from indexer.sample.svg_pen import CX, Paint, Pen


def draw_vessel(
    pen: Pen, paint: Paint, profile: list[tuple[float, float]], wall: float = 5.0
) -> None:
    """Draw an open vessel: its body, its mouth and its dark inside."""
    y, radius = profile[0]
    glass = paint.material == "glass"
    if glass:
        _ellipse_back(pen, paint, y, radius)
    pen.part(revolved(CX, profile, pen.tilt), paint, "round", opacity=0.72 if glass else 1.0)
    rim = paint.plain().lit(1.18)
    pen.part(ellipse(CX, y, radius, radius * pen.tilt), rim, "flat", soft=0.0, opacity=0.9)
    inner = radius - wall
    hollow = paint.plain().lit(0.85 if glass else 1.0)
    pen.part(ellipse(CX, y + 1, inner, inner * pen.tilt), hollow, "inside", soft=0.0)


def _ellipse_back(pen: Pen, paint: Paint, y: float, radius: float) -> None:
    pen.part(ellipse(CX, y, radius, radius * pen.tilt), paint.plain().lit(0.8), "flat", soft=0.0)


def draw_bottle(pen: Pen, look: Look) -> None:
    """Draw a water bottle with its stopper."""
    w, h, foot = 46 * look.wide, 240 * look.tall, 346.0
    top = foot - h
    bodies = {
        "slim": [(top, 21.0), (top + 26, 22.0), (top + 62, w), (foot - 3, w)],
        "flask": [(top + 6, w * 0.96), (top + 26, w * 1.2), (foot - 3, w * 1.18)],
        "teardrop": [
            (top - 6, 18.0), (top + 70, 22.0), (foot - 96, w * 1.25), (foot - 34, w * 1.5),
            (foot - 6, w * 1.2), (foot, w),
        ],
    }  # fmt: skip
    body = bodies[look.shape]
    y, r = body[0]
    stopper = {
        "cork stopper": Paint((196, 152, 104), "wood"),
        "steel cap": Paint((188, 193, 200), "steel"),
        "black cap": Paint((44, 44, 48), "plastic"),
    }[look.trim]
    see = 0.68 if look.material == "glass" else 1.0
    if look.shape == "flask":
        pen.tube(
            spline(
                [(CX - 26, y - 30), (CX - 22, y - 64), (CX + 22, y - 64), (CX + 26, y - 30)],
                closed=False,
            ),
            stopper,
            11,
        )
    pen.part(revolved(CX, body, pen.tilt * 0.7), look.paint, "round", soft=0.3, opacity=see)
    if look.material == "glass":
        _water(pen, look, body, top)
    else:
        pen.part(
            band(CX, foot - 22, w * (1.2 if look.shape == "flask" else 1), 5, w, pen.tilt * 0.7),
            look.paint.plain().lit(0.75),
            "round",
            soft=0,
        ) if look.shape != "teardrop" else None
    _stopper(pen, look, stopper, y, r)


def _stopper(pen: Pen, look: Look, stopper: Paint, y: float, r: float) -> None:
    """Draw the stopper, over the neck."""
    height = 34.0 if look.shape != "teardrop" else 26.0
    pen.part(
        revolved(CX, [(y - height, r - 3), (y - height + 4, r + 1), (y + 2, r + 1)], pen.tilt),
        stopper,
        "round",
        soft=0.2,
    )
    pen.part(ellipse(CX, y - height, r - 2, (r - 2) * pen.tilt), stopper.lit(1.2), "flat", soft=0)


def _water(pen: Pen, look: Look, body: Profile, top: float) -> None:
    """Let water show through glass."""
    water = [(p[0], p[1] - 6) for p in body if p[0] > top + 40]
    pen.flat(revolved(CX, water, pen.tilt * 0.7), lit(look.rgb, 0.86), opacity=0.3)


def draw_vase(pen: Pen, look: Look) -> None:
    """Draw an empty vase."""
    w, h, foot = 74 * look.wide, 236 * look.tall, 344.0
    top = foot - h
    bodies = {
        "bottle-neck": [
            (top, 30.0), (top + 14, 22.0), (top + 84, 24.0), (top + 128, w), (foot - 52, w * 1.1),
            (foot - 10, w * 0.72), (foot, w * 0.6),
        ],
        "urn": [
            (top + 20, w * 0.8), (top + 34, w * 0.55), (top + 62, w * 0.7), (top + 110, w * 1.16),
            (foot - 60, w * 0.8), (foot - 12, w * 0.42), (foot, w * 0.5),
        ],
        "cylinder": [(top + 20, w * 0.82), (foot - 3, w * 0.82)],
        "trumpet": [
            (top, w * 1.1), (top + 26, w * 0.78), (top + 110, w * 0.42), (foot - 60, w * 0.4),
            (foot - 8, w * 0.66), (foot, w * 0.68),
        ],
        "globe": [
            (top + 74, w * 0.4), (top + 84, w * 0.38), (top + 98, w * 0.72),
            (top + 122, w * 1.08), (top + 156, w * 1.24), (foot - 46, w * 1.12),
            (foot - 20, w * 0.84), (foot, w * 0.5),
        ],
    }  # fmt: skip
    _urn_handles(pen, look, top, w)
    draw_vessel(pen, look.paint, bodies[look.shape], wall=6)
    if look.trim == "gold rim":
        y, r = bodies[look.shape][0]
        pen.line(ellipse(CX, y, r, r * pen.tilt), (208, 164, 74), 4.5)


def _urn_handles(pen: Pen, look: Look, top: float, w: float) -> None:
    """Draw the two handles of an urn, behind it."""
    if look.shape == "urn":
        for side in (-1, 1):
            pen.tube(
                spline(
                    [
                        (CX + side * w * 0.6, top + 44), (CX + side * w * 1.24, top + 40),
                        (CX + side * w * 1.34, top + 84), (CX + side * w * 1.05, top + 112),
                    ],
                    closed=False,
                ),
                look.paint.plain(),
                12,
            )  # fmt: skip


_PRINTS = ("plain", "plain", "striped", "polka dot", "floral", "geometric")


KINDS = (
    ProductKind(
        "bottle",
        "Home",
        "Kitchen > Drinkware > Bottles",
        ("slim", "flask", "teardrop"),
        {
            "metal": DYE_NAMES,
            "glass": ("clear", "green", "blue", "rust", "pink"),
            "steel": ("silver",),
        },
        (14, 45),
        draw_bottle,
        trims=("cork stopper", "steel cap", "black cap"),
        synonyms=("drinking bottle",),
    ),
    ProductKind(
        "vase",
        "Home",
        "Home > Decoration > Vases",
        ("bottle-neck", "urn", "cylinder", "trumpet", "globe"),
        {
            "ceramic": DYE_NAMES,
            "glass": ("clear", "green", "blue", "pink", "rust", "purple"),
            "stoneware": ("white", "beige", "grey", "rust", "teal"),
        },
        (19, 120),
        draw_vase,
        patterns=_PRINTS,
        patterned=("ceramic",),
        trims=("", "", "gold rim"),
        synonyms=("flower vase",),
    ),
)
