"""T-shirts, shirts and jumpers, laid out as on an invisible figure."""

from __future__ import annotations

from indexer.sample.kinds.garment import draw_neck, draw_sleeves, press_folds
from indexer.sample.kinds.kind import DYE_NAMES, ProductKind
from indexer.sample.palette import brightness, lit
from indexer.sample.paths import box, ellipse
from indexer.sample.product_look import Look
from indexer.sample.svg_pen import CX, Paint, Pen


def draw_tshirt(pen: Pen, look: Look) -> None:
    """Draw a T-shirt."""
    paint, w, foot = look.paint, 82 * look.wide, 200 + 132 * look.tall
    long = look.shape == "long-sleeve"
    cuff = (w + 50, 316.0) if long else (w + 40, 172.0)
    draw_sleeves(pen, paint, (w * 0.9, 88), (w * 0.98, 156), cuff, 36 if long else 60)
    half = 34
    body = [
        (CX + half, 70), (CX + half, 70), (CX + w * 0.9, 88), (CX + w * 0.9, 88),
        (CX + w * 0.98, 150), (CX + w * 0.98, 150), (CX + w * 0.97, 240), (CX + w, foot),
        (CX + w, foot), (CX, foot + 5),
    ]  # fmt: skip
    pen.mirrored_part(body, paint, "cloth", soft=0.45)
    draw_neck(
        pen,
        paint,
        half,
        70,
        52 if look.shape == "v-neck" else 26,
        vee=look.shape == "v-neck",
        rib=9 if look.shape != "v-neck" else 6,
    )
    for side in (-1, 1):
        pen.fold(
            f"M{CX + side * w * 0.92:.1f} 158Q{CX + side * w * 0.6:.1f}"
            f" 196 {CX + side * w * 0.5:.1f} 250",
            7,
            0.28,
        )
        pen.seam(
            f"M{CX + side * w * 0.9:.1f} 88Q{CX + side * w * 0.84:.1f}"
            f" 120 {CX + side * w * 0.97:.1f} 154",
            paint,
        )
    press_folds(pen, look, w * 0.6, 230, foot - 8, count=3, flare=1.1)
    pen.seam(
        f"M{CX - w + 2:.1f} {foot - 9:.1f}Q{CX} {foot - 4:.1f} {CX + w - 2:.1f} {foot - 9:.1f}",
        paint,
        stitched=True,
    )


def draw_shirt(pen: Pen, look: Look) -> None:
    """Draw a buttoned shirt."""
    paint, w, foot = look.paint, 86 * look.wide, 208 + 138 * look.tall
    short = look.shape == "short-sleeve"
    draw_sleeves(
        pen,
        paint,
        (w * 0.88, 84),
        (w * 0.96, 158),
        (w + 38, 186) if short else (w + 46, 326),
        62 if short else 36,
    )
    half = 36
    tail = 22 if not short else 4
    body = [
        (CX + half, 66), (CX + half, 66), (CX + w * 0.88, 84), (CX + w * 0.88, 84),
        (CX + w * 0.96, 150), (CX + w * 0.96, 150), (CX + w * 0.95, 240),
        (CX + w * 0.98, foot - tail), (CX + w * 0.98, foot - tail), (CX + w * 0.6, foot + 4),
        (CX, foot),
    ]  # fmt: skip
    pen.mirrored_part(body, paint, "cloth", soft=0.4)
    for side in (-1, 1):
        pen.fold(
            f"M{CX + side * w * 0.9:.1f} 160Q{CX + side * w * 0.6:.1f}"
            f" 206 {CX + side * w * 0.46:.1f} 270",
            7,
            0.3,
        )
    press_folds(pen, look, w * 0.6, 220, foot - 8, count=4, flare=1.1)
    _placket(pen, foot, paint)
    _collar(pen, look, half)
    if look.trim == "chest pocket":
        pen.part(f"M{CX + 26} 156h40v38l-20 10l-20 -10Z", paint.lit(0.97), "flat", soft=0.3)
        pen.seam(f"M{CX + 26} 156h40v38l-20 10l-20 -10Z", paint)


def _placket(pen: Pen, foot: float, paint: Paint) -> None:
    """Draw the strip that the buttons sit on."""
    pen.part(box(CX - 10, 84, 20, foot - 86, 2), paint.lit(1.03), "flat", soft=0.25)
    pen.line(
        f"M{CX - 10} 92V{foot - 4:.1f}M{CX + 10} 92V{foot - 4:.1f}",
        lit(paint.rgb, 0.7 if brightness(paint.rgb) > 0.25 else 1.4),
        1.1,
    )
    count = 6
    for i in range(count):
        y = 112 + i * (foot - 140) / (count - 1)
        pen.flat(
            ellipse(CX, y, 4, 4),
            (250, 247, 240) if brightness(paint.rgb) < 0.85 else (150, 130, 110),
        )
        pen.flat(ellipse(CX, y, 1.3, 1.3), (90, 84, 80))


def _collar(pen: Pen, look: Look, half: float) -> None:
    paint = look.paint
    draw_neck(pen, paint, half, 64, 26)
    if look.shape == "band-collar":
        pen.part(
            f"M{CX - half} 62Q{CX} 104 {CX + half} 62"
            f"L{CX + half - 2} 50Q{CX} 86 {CX - half + 2} 50Z",
            paint.plain().lit(1.04),
            "bar",
            soft=0.3,
        )
        return
    for side in (-1, 1):
        tip = 40 if look.shape == "classic" else 50
        d = (
            f"M{CX + side * 2} 88L{CX + side * (half - 2)} 52"
            f"Q{CX + side * (half + 10)} 60 {CX + side * (half + 14)} 76"
            f"L{CX + side * tip} 112Z"
        )
        pen.part(d, paint.lit(1.04), "cloth", soft=0.4)
        pen.seam(d, paint)


def draw_jumper(pen: Pen, look: Look) -> None:
    """Draw a knitted jumper or cardigan."""
    paint, w, foot = look.paint, 92 * look.wide, 196 + 130 * look.tall
    draw_sleeves(pen, paint, (w * 0.86, 92), (w * 0.96, 172), (w + 50, 312), 42)
    half = 36
    body = [
        (CX + half, 74), (CX + half, 74), (CX + w * 0.86, 92), (CX + w * 0.86, 92),
        (CX + w * 0.98, 160), (CX + w * 0.98, 160), (CX + w * 1.0, 250), (CX + w * 0.94, foot),
        (CX + w * 0.94, foot), (CX, foot + 3),
    ]  # fmt: skip
    pen.mirrored_part(body, paint, "cloth", soft=0.7)
    pen.part(
        box(CX - w * 0.95, foot - 26, w * 1.9, 28, 4), paint.plain().lit(0.94), "bar", soft=0.5
    )
    for i in range(-12, 13):
        pen.fold(f"M{CX + i * w * 0.073:.1f} {foot - 24:.1f}v24", 2, 0.5)
    for side in (-1, 1):
        pen.part(
            f"M{CX + side * (w + 28):.1f} 316l{side * 43} -10l{side * 5} 26l{-side * 42} 10Z",
            paint.plain().lit(0.92),
            "bar",
            soft=0.5,
        )
    _jumper_front(pen, look, paint, half, foot, w)


def _jumper_front(pen: Pen, look: Look, paint: Paint, half: float, foot: float, w: float) -> None:
    """Draw the neck, and what distinguishes the jumpers."""
    if look.shape == "roll-neck":
        pen.part(box(CX - half - 2, 44, 2 * half + 4, 46, 14), paint.plain(), "round", soft=0.7)
        pen.fold(f"M{CX - half} 68Q{CX} 76 {CX + half} 68", 4, 0.5)
    elif look.shape == "cardigan":
        draw_neck(pen, paint, half, 74, 96, vee=True, rib=12)
        pen.part(box(CX - 9, 168, 18, foot - 168, 2), paint.plain().lit(0.95), "flat", soft=0.5)
        for i in range(5):
            pen.part(
                ellipse(CX, 186 + i * (foot - 206) / 4, 5, 5),
                Paint((112, 78, 50), "wood"),
                "ball",
                soft=0.2,
            )
    else:
        draw_neck(pen, paint, half, 74, 26, rib=14)
        for side in (-1, 0, 1):
            for j in range(10):
                y = 116 + j * (foot - 150) / 10
                x = CX + side * w * 0.46
                pen.fold(
                    f"M{x - 7:.1f} {y:.1f}Q{x:.1f} {y + 9:.1f} {x + 7:.1f} {y + 16:.1f}", 3.4, 0.5
                )
                pen.fold(
                    f"M{x + 7:.1f} {y:.1f}Q{x + 2:.1f} {y + 6:.1f} {x - 2:.1f} {y + 7:.1f}",
                    3.4,
                    -0.4,
                )


_WEAR = ("plain", "plain", "striped", "checked", "floral", "polka dot")


KINDS = (
    ProductKind(
        "shirt",
        "Fashion",
        "Fashion > Clothing > Shirts",
        ("classic", "short-sleeve", "band-collar"),
        {
            "cotton": DYE_NAMES,
            "linen": ("white", "beige", "blue", "green", "pink", "navy", "grey"),
            "denim": ("blue", "navy", "black"),
        },
        (29, 120),
        draw_shirt,
        rest="flat",
        patterns=_WEAR,
        patterned=("cotton",),
        trims=("", "chest pocket"),
        synonyms=("button-up shirt",),
    ),
    ProductKind(
        "t-shirt",
        "Fashion",
        "Fashion > Clothing > T-shirts",
        ("crew-neck", "v-neck", "long-sleeve"),
        {"cotton": DYE_NAMES, "linen": ("white", "beige", "grey", "navy")},
        (12, 49),
        draw_tshirt,
        rest="flat",
        patterns=("plain", "plain", "striped", "striped", "polka dot"),
        patterned=("cotton",),
        synonyms=("tee", "tee shirt"),
    ),
    ProductKind(
        "jumper",
        "Fashion",
        "Fashion > Clothing > Knitwear",
        ("cable", "roll-neck", "cardigan"),
        {"knit": DYE_NAMES},
        (39, 180),
        draw_jumper,
        rest="flat",
        patterns=("plain", "plain", "plain", "striped", "geometric"),
        patterned=("knit",),
        synonyms=("knitwear",),
    ),
)
