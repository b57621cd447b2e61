"""Mugs, teapots, bottles, vases and plant pots: solids of revolution with handles and spouts."""

from __future__ import annotations

import random

from indexer.sample.kinds.kind import DYE_NAMES, Kind
from indexer.sample.look import Look
from indexer.sample.palette import Rgb, lit, mixed
from indexer.sample.paths import band, box, ellipse, revolved, spline
from indexer.sample.pen import Paint, Pen

CX = 200.0
GREEN: Rgb = (74, 128, 70)


def _vessel(pen: Pen, paint: Paint, profile: list[tuple[float, float]], wall: float = 5.0) -> None:
    """Draw an open vessel: body, mouth, the dark inside."""
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
    }
    side = CX + w * (0.86 if look.shape != "footed" else 0.8)
    up, down = top + h * 0.2, top + h * (0.78 if look.shape != "footed" else 0.6)
    reach = w * 0.72
    handle = spline(
        [(side, up), (side + reach * 0.7, up - 4), (side + reach, (up + down) / 2),
         (side + reach * 0.6, down), (side - 6, down + 4)], closed=False)
    pen.tube(handle, look.paint.plain(), 19)
    _vessel(pen, look.paint, profiles[look.shape])
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
        "round": [(top, w * 0.42), (top + h * 0.16, w * 0.78), (top + h * 0.5, w * 1.12),
                  (foot - h * 0.16, w * 0.86), (foot, w * 0.55)],
        "tall": [(top - 62, w * 0.42), (top + h * 0.2, w * 0.6), (foot - h * 0.3, w * 0.86),
                 (foot - h * 0.08, w * 0.84), (foot, w * 0.66)],
        "squat": [(top + 44, w * 0.55), (top + 56, w * 1.0), (top + h * 0.66, w * 1.32),
                  (foot - 16, w * 1.06), (foot, w * 0.72)],
    }
    body = bodies[look.shape]
    y, r = body[0]
    middle = w * (1.3 if look.shape == "squat" else 1.08 if look.shape == "round" else 0.8)
    low = foot - h * 0.42
    spout = spline(
        [(CX - middle * 0.7, low - 16), (CX - middle * 0.7, low - 16),
         (CX - middle - 20, low - 26), (CX - middle - 34, y + 14), (CX - middle - 56, y + 4),
         (CX - middle - 56, y + 4), (CX - middle - 60, y + 14), (CX - middle - 60, y + 14),
         (CX - middle - 40, low + 2), (CX - middle * 0.6, low + 34), (CX - middle * 0.6, low + 34)])
    pen.part(spout, plain, "bar", soft=0.6)
    if look.shape == "squat":
        arch = spline([(CX - r - 26, y + 18), (CX - r - 16, y - 50), (CX, y - 86),
                       (CX + r + 16, y - 50), (CX + r + 26, y + 18)], closed=False)
        pen.tube(arch, Paint((120, 82, 52), "wood") if look.trim else plain, 11)
    else:
        side = CX + middle * 0.72
        pen.tube(spline([(side - 8, y + 30), (side + 48, y + 12), (side + 66, y + 60),
                         (side + 34, low + 14), (side, low + 22)], closed=False),
                 Paint((120, 82, 52), "wood") if look.trim else plain, 15)
    pen.part(revolved(CX, body, pen.tilt), paint, "round", soft=0.6,
             opacity=0.72 if look.material == "glass" else 1.0)
    lid = [(y - 20, 6), (y - 16, r * 0.6), (y + 2, r * 1.04)]
    pen.part(revolved(CX, [(a, float(b)) for a, b in lid], pen.tilt), plain, "round", soft=0.5)
    knob = Paint((120, 82, 52), "wood") if look.trim else plain
    pen.part(ellipse(CX, y - 28, 12, 11), knob, "ball", soft=0.2)


def draw_bottle(pen: Pen, look: Look) -> None:
    """Draw a water bottle with its stopper."""
    w, h, foot = 46 * look.wide, 240 * look.tall, 346.0
    top = foot - h
    bodies = {
        "slim": [(top, 21.0), (top + 26, 22.0), (top + 62, w), (foot - 3, w)],
        "flask": [(top + 6, w * 0.96), (top + 26, w * 1.2), (foot - 3, w * 1.18)],
        "teardrop": [(top - 6, 18.0), (top + 70, 22.0), (foot - 96, w * 1.25),
                     (foot - 34, w * 1.5), (foot - 6, w * 1.2), (foot, w)],
    }
    body = bodies[look.shape]
    y, r = body[0]
    stopper = {"cork stopper": Paint((196, 152, 104), "wood"), "steel cap": Paint((188, 193, 200), "steel"),
               "black cap": Paint((44, 44, 48), "plastic")}[look.trim]
    see = 0.68 if look.material == "glass" else 1.0
    if look.shape == "flask":
        pen.tube(spline([(CX - 26, y - 30), (CX - 22, y - 64), (CX + 22, y - 64), (CX + 26, y - 30)],
                        closed=False), stopper, 11)
    pen.part(revolved(CX, body, pen.tilt * 0.7), look.paint, "round", soft=0.3, opacity=see)
    if look.material == "glass":
        water = [(p[0], p[1] - 6) for p in body if p[0] > top + 40]
        pen.flat(revolved(CX, water, pen.tilt * 0.7), lit(look.rgb, 0.86), opacity=0.3)
    else:
        pen.part(band(CX, foot - 22, w * (1.2 if look.shape == "flask" else 1), 5, w, pen.tilt * 0.7),
                 look.paint.plain().lit(0.75), "round", soft=0) if look.shape != "teardrop" else None
    height = 34.0 if look.shape != "teardrop" else 26.0
    pen.part(revolved(CX, [(y - height, r - 3), (y - height + 4, r + 1), (y + 2, r + 1)], pen.tilt),
             stopper, "round", soft=0.2)
    pen.part(ellipse(CX, y - height, r - 2, (r - 2) * pen.tilt), stopper.lit(1.2), "flat", soft=0)


def draw_vase(pen: Pen, look: Look) -> None:
    """Draw an empty vase."""
    w, h, foot = 74 * look.wide, 236 * look.tall, 344.0
    top = foot - h
    bodies = {
        "bottle-neck": [(top, 30.0), (top + 14, 22.0), (top + 84, 24.0), (top + 128, w),
                        (foot - 52, w * 1.1), (foot - 10, w * 0.72), (foot, w * 0.6)],
        "urn": [(top + 20, w * 0.8), (top + 34, w * 0.55), (top + 62, w * 0.7), (top + 110, w * 1.16),
                (foot - 60, w * 0.8), (foot - 12, w * 0.42), (foot, w * 0.5)],
        "cylinder": [(top + 20, w * 0.82), (foot - 3, w * 0.82)],
        "trumpet": [(top, w * 1.1), (top + 26, w * 0.78), (top + 110, w * 0.42), (foot - 60, w * 0.4),
                    (foot - 8, w * 0.66), (foot, w * 0.68)],
        "globe": [(top + 74, w * 0.4), (top + 84, w * 0.38), (top + 98, w * 0.72), (top + 122, w * 1.08),
                  (top + 156, w * 1.24), (foot - 46, w * 1.12), (foot - 20, w * 0.84), (foot, w * 0.5)],
    }
    if look.shape == "urn":
        for side in (-1, 1):
            pen.tube(spline([(CX + side * w * 0.6, top + 44), (CX + side * w * 1.24, top + 40),
                             (CX + side * w * 1.34, top + 84), (CX + side * w * 1.05, top + 112)],
                            closed=False), look.paint.plain(), 12)
    _vessel(pen, look.paint, bodies[look.shape], wall=6)
    if look.trim == "gold rim":
        y, r = bodies[look.shape][0]
        pen.line(ellipse(CX, y, r, r * pen.tilt), (208, 164, 74), 4.5)


def draw_plant_pot(pen: Pen, look: Look) -> None:
    """Draw a pot with a plant in it."""
    w, h, foot = 70 * look.wide, 122 * look.tall, 348.0
    top = foot - h
    bodies = {
        "tapered": [(top, w * 1.05), (foot, w * 0.7)],
        "round": [(top, w * 0.8), (top + h * 0.45, w * 1.15), (foot - 10, w * 0.8), (foot, w * 0.6)],
        "cylinder": [(top, w * 0.92), (foot, w * 0.92)],
        "footed": [(top, w), (foot - 46, w * 0.94), (foot - 34, w * 0.8)],
    }
    body = bodies[look.shape]
    _plant(pen, look, top)
    if look.shape == "footed":
        for dx in (-0.62, 0.0, 0.62):
            pen.tube(f"M{CX + w * dx:.1f} {foot - 50}L{CX + w * dx * 1.15:.1f} {foot + 6}",
                     Paint((190, 146, 96), "wood"), 10)
    y, r = body[0]
    pen.part(revolved(CX, body, pen.tilt), look.paint, "round", soft=0.4)
    if look.shape == "tapered":
        pen.part(band(CX, y, r + 5, 24, r + 2, pen.tilt), look.paint.plain().lit(1.04), "round", soft=0.3)
        r += 5
    pen.part(ellipse(CX, y, r, r * pen.tilt), look.paint.plain().lit(1.15), "flat", soft=0)
    pen.part(ellipse(CX, y + 1, r - 7, (r - 7) * pen.tilt), Paint((70, 50, 38), "wool"), "flat", soft=0.3)
    _plant(pen, look, top, front=True)


def _plant(pen: Pen, look: Look, top: float, *, front: bool = False) -> None:
    rng = random.Random(look.seed * 2 + front)  # noqa: S311 - art, not secrets
    count = 5 if front else 8
    style = look.seed % 3
    for i in range(count):
        lean = (i - (count - 1) / 2) * (34 if style == 0 else 26) + rng.uniform(-8, 8)
        height = rng.uniform(84, 150) * (0.6 if front else 1)
        tint = mixed(GREEN, (120, 160, 80), rng.random() * 0.6)
        leaf = Paint(lit(tint, 0.9 if not front else 1.08), "leaf")
        x, y = CX + lean * 1.5, top - height + abs(lean) * 0.6
        foot = (CX + lean * 0.3, top + 4)
        if style == 1:
            half = rng.uniform(7, 10)
            d = spline([foot, foot, (foot[0] + lean * 0.3 - half, top - height * 0.5), (x, y), (x, y),
                        (foot[0] + lean * 0.3 + half, top - height * 0.45), foot])
        else:
            pen.line(spline([foot, (foot[0] + lean * 0.2, top - height * 0.4), (x, y)], closed=False),
                     lit(tint, 0.7), 3)
            size = rng.uniform(20, 30) if style == 0 else rng.uniform(14, 20)
            d = spline([(x, y + size), (x, y + size), (x - size * 0.75, y), (x + lean * 0.16, y - size * 1.1),
                        (x + lean * 0.16, y - size * 1.1), (x + size * 0.75, y)])
        pen.part(d, leaf, "flat", soft=0.35)
        if style != 1:
            pen.line(f"M{x:.1f} {y + 16:.1f}L{x + lean * 0.1:.1f} {y - 14:.1f}", lit(tint, 1.3), 1.2)


_PRINTS = ("plain", "plain", "striped", "polka dot", "floral", "geometric")

KINDS = (
    Kind("mug", "Home", "Kitchen > Tableware > Mugs", ("straight", "tapered", "barrel", "footed"),
         {"ceramic": DYE_NAMES, "stoneware": DYE_NAMES, "enamel": ("white", "blue", "red", "green", "navy", "mustard")},
         (9, 24), draw_mug, patterns=_PRINTS, patterned=("ceramic",), synonyms=("cup", "coffee mug", "coffee cup")),
    Kind("teapot", "Home", "Kitchen > Tableware > Teapots", ("round", "tall", "squat"),
         {"ceramic": DYE_NAMES, "stoneware": ("grey", "beige", "teal", "green", "blue", "white"), "steel": ("silver",)},
         (28, 85), draw_teapot, patterns=_PRINTS, patterned=("ceramic",), trims=("", "wooden handle"),
         synonyms=("tea pot", "pot for tea")),
    Kind("bottle", "Home", "Kitchen > Drinkware > Bottles", ("slim", "flask", "teardrop"),
         {"metal": DYE_NAMES, "glass": ("clear", "green", "blue", "rust", "pink"), "steel": ("silver",)},
         (14, 45), draw_bottle, trims=("cork stopper", "steel cap", "black cap"),
         synonyms=("water bottle", "drinking bottle")),
    Kind("vase", "Home", "Home > Decoration > Vases", ("bottle-neck", "urn", "cylinder", "trumpet", "globe"),
         {"ceramic": DYE_NAMES, "glass": ("clear", "green", "blue", "pink", "rust", "purple"), "stoneware": ("white", "beige", "grey", "rust", "teal")},
         (19, 120), draw_vase, patterns=_PRINTS, patterned=("ceramic",), trims=("", "", "gold rim"),
         synonyms=("flower vase", "vessel for flowers")),
    Kind("plant pot", "Home", "Home > Garden > Plant pots", ("tapered", "round", "cylinder", "footed"),
         {"ceramic": DYE_NAMES, "terracotta": ("terracotta",), "concrete": ("grey", "white", "black"), "rattan": ("straw", "brown")},
         (12, 70), draw_plant_pot, patterns=("plain", "plain", "striped", "geometric"), patterned=("ceramic",),
         synonyms=("planter", "flower pot", "pot plant holder")),
)
