"""Hats and caps."""

from __future__ import annotations

from indexer.sample.kinds.kind import DYE_NAMES, ProductKind
from indexer.sample.palette import lit
from indexer.sample.paths import ellipse, spline
from indexer.sample.product_look import Look
from indexer.sample.svg_pen import CX, Paint, Pen


def draw_hat(pen: Pen, look: Look) -> None:
    """Draw a hat: fedora, bucket hat, beanie or boater."""
    paint, plain, w = look.paint, look.paint.plain(), 84 * look.wide
    ribbon = Paint(look.accent_rgb, "silk")
    if look.shape == "beanie":
        _beanie(pen, look, w)
        return
    if look.shape == "bucket":
        _bucket_hat(pen, paint, w, plain)
        return
    _brimmed_hat(pen, look, w, ribbon)


def _brimmed_hat(pen: Pen, look: Look, w: float, ribbon: Paint) -> None:
    """Draw a fedora or a boater."""
    paint = look.paint
    plain = look.paint.plain()
    flat = look.shape == "boater"
    top = 168.0 if flat else 118.0
    pen.part(
        ellipse(CX, 268, w * 2.0, w * (0.44 if flat else 0.4)), plain.lit(0.96), "bar", soft=0.5
    )
    crown = [
        (CX, top), (CX + w * 0.9, top + 2), (CX + w * 0.96, top + 12), (CX + w * 1.02, 262),
        (CX + w * 1.02, 262), (CX, 276),
    ]  # fmt: skip
    if not flat:
        crown = [
            (CX, top + 16), (CX + w * 0.42, top), (CX + w * 0.84, top + 22), (CX + w * 1.0, 262),
            (CX + w * 1.0, 262), (CX, 278),
        ]  # fmt: skip
    pen.mirrored_part(crown, paint, "round", soft=0.6)
    if flat:
        pen.part(ellipse(CX, top + 2, w * 0.93, 15), plain.lit(1.1), "flat", soft=0.2)
    else:
        pen.dent(
            spline(
                [(CX - w * 0.3, top + 10), (CX, top + 22), (CX + w * 0.3, top + 10), (CX, top + 62)]
            ),
            0.4,
        )
    pen.mirrored_part(
        [
            (CX, 246), (CX + w * 1.0, 232), (CX + w * 1.0, 232), (CX + w * 1.03, 264),
            (CX + w * 1.03, 264), (CX, 279),
        ],
        ribbon,
        "round",
        soft=0.2,
    )  # fmt: skip


def _bucket_hat(pen: Pen, paint: Paint, w: float, plain: Paint) -> None:
    """Draw a soft hat with a sloping, stitched brim."""
    pen.mirrored_part(
        [
            (CX, 132), (CX + w * 0.72, 136), (CX + w * 0.82, 146), (CX + w * 1.0, 236),
            (CX + w * 1.0, 236), (CX, 250),
        ],
        paint,
        "round",
        soft=0.6,
    )  # fmt: skip
    pen.mirrored_part(
        [
            (CX, 226), (CX + w * 0.98, 218), (CX + w * 0.98, 218), (CX + w * 1.62, 290),
            (CX + w * 1.5, 308), (CX, 326),
        ],
        paint.lit(0.96),
        "cloth",
        soft=0.6,
    )  # fmt: skip
    for k in (0.25, 0.5, 0.75):
        pen.seam(
            f"M{CX - w * (1 + 0.55 * k):.1f} {226 + 78 * k:.1f}Q{CX}"
            f" {252 + 84 * k:.1f} {CX + w * (1 + 0.55 * k):.1f} {226 + 78 * k:.1f}",
            plain,
            stitched=True,
        )


def _beanie(pen: Pen, look: Look, w: float) -> None:
    """Draw a knitted hat with a turned-up edge."""
    paint = look.paint
    plain = look.paint.plain()
    pen.mirrored_part(
        [
            (CX, 86), (CX + w * 0.6, 106), (CX + w * 1.06, 190), (CX + w * 1.12, 266),
            (CX + w * 1.12, 266), (CX, 276),
        ],
        paint,
        "ball",
        soft=0.9,
    )  # fmt: skip
    pen.mirrored_part(
        [
            (CX, 248), (CX + w * 1.16, 240), (CX + w * 1.16, 240), (CX + w * 1.14, 308),
            (CX + w * 1.14, 308), (CX, 318),
        ],
        plain.lit(1.02),
        "round",
        soft=0.7,
    )  # fmt: skip
    for i in range(-9, 10):
        pen.fold(f"M{CX + i * w * 0.122:.1f} 252v58", 3, 0.5)
    if look.trim == "bobble":
        pen.part(ellipse(CX, 84, 36, 34), Paint(lit(look.rgb, 1.15), "wool"), "ball", soft=0.9)


def draw_cap(pen: Pen, look: Look) -> None:
    """Draw a cap: baseball, trucker (mesh back) or flat cap."""
    paint, plain, w = look.paint, look.paint.plain(), look.wide
    pen.begin(f"translate(200 200) scale({w:.3f} {look.tall:.3f}) translate(-200 -200)")
    if look.shape == "flat":
        _flat_cap(pen, paint, plain)
    else:
        _peaked_cap(pen, look)
    pen.end()


def _peaked_cap(pen: Pen, look: Look) -> None:
    """Draw a baseball cap, or a trucker cap with its mesh back."""
    paint = look.paint
    plain = look.paint.plain()
    pen.part(
        spline(
            [
                (140, 262), (140, 262), (146, 180), (204, 122), (276, 126), (332, 184),
                (336, 262), (336, 262), (240, 276),
            ]
        ),
        paint,
        "ball",
        soft=0.8,
    )  # fmt: skip
    if look.shape == "trucker":
        pen.part(
            spline(
                [
                    (236, 122), (236, 122), (290, 132), (334, 186), (336, 262), (336, 262),
                    (252, 270), (252, 270), (262, 190),
                ]
            ),
            Paint(look.accent_rgb, "rattan"),
            "ball",
            soft=0.5,
        )  # fmt: skip
    for d in ("M238 122Q206 180 206 268", "M238 122Q290 180 290 268"):
        pen.seam(d, plain, stitched=True)
    _peak(pen, plain)
    pen.part(ellipse(238, 120, 9, 6), plain.lit(0.9), "ball", soft=0)
    if look.trim == "patch":
        pen.part(ellipse(190, 206, 25, 28), Paint(look.accent_rgb, "felt"), "flat", soft=0.4)
        pen.line("M180 214l10 -18l10 18", look.rgb, 4)


def _peak(pen: Pen, plain: Paint) -> None:
    """Draw the stitched peak."""
    pen.part(
        spline(
            [
                (150, 236), (60, 256), (34, 288), (36, 296), (100, 290), (190, 286), (236, 276),
                (236, 276), (220, 254),
            ]
        ),
        plain.lit(0.93),
        "bar",
        soft=0.6,
    )  # fmt: skip
    for k in (6, 13):
        pen.seam(
            f"M{44 + k} {286 - k * 0.6}Q120 {268 - k} 222 {270 - k * 0.5}", plain, stitched=True
        )


def _flat_cap(pen: Pen, paint: Paint, plain: Paint) -> None:
    """Draw a flat cap."""
    pen.part(
        spline(
            [
                (66, 262), (66, 262), (92, 186), (170, 146), (262, 148), (336, 200), (344, 262),
                (344, 262), (280, 276), (150, 274),
            ]
        ),
        paint,
        "ball",
        soft=0.9,
    )  # fmt: skip
    pen.part(
        spline(
            [
                (48, 276), (60, 254), (110, 240), (170, 250), (196, 272), (196, 272), (140, 292),
                (76, 296),
            ]
        ),
        plain.lit(0.95),
        "bar",
        soft=0.5,
    )  # fmt: skip
    pen.fold("M196 150Q180 200 190 262", 4, 0.4)
    pen.seam("M214 148Q222 210 214 272", plain)


_SOFT = ("plain", "plain", "striped", "checked", "polka dot", "floral")


KINDS = (
    ProductKind(
        "hat",
        "Fashion",
        "Fashion > Accessories > Hats",
        ("fedora", "bucket", "beanie", "boater"),
        {"felt": DYE_NAMES, "knit": DYE_NAMES, "cotton": DYE_NAMES, "straw": ("straw",)},
        (19, 110),
        draw_hat,
        patterns=_SOFT,
        patterned=("cotton",),
        trims=("", "bobble"),
        synonyms=(),
    ),
    ProductKind(
        "cap",
        "Fashion",
        "Fashion > Accessories > Caps",
        ("baseball", "trucker", "flat"),
        {
            "cotton": DYE_NAMES,
            "wool": ("grey", "brown", "black", "navy", "green"),
            "denim": ("blue", "navy", "black"),
        },
        (15, 49),
        draw_cap,
        patterns=("plain", "plain", "plain", "checked", "striped"),
        patterned=("cotton", "wool"),
        trims=("", "patch"),
        synonyms=("peaked cap",),
    ),
)
