"""Names the colours of the product in a picture, and not those of its background.

The background is taken for a plane of colours through the picture's border: studio backgrounds
shade from one side to the other. Pixels near that plane count little, pixels in the middle count
more. Each pixel is shared among named colours in CIELAB. No product is recognised: where a thing
has the colour of its background, or fills the picture, the whole picture counts.
"""

from functools import cache

import numpy as np
import numpy.typing as npt
from PIL import Image

Floats = npt.NDArray[np.float32]

ANCHORS: dict[str, tuple[tuple[int, int, int], ...]] = {
    "black": ((12, 12, 14), (40, 40, 43)),
    "charcoal": ((62, 64, 68),),
    "grey": ((98, 100, 104), (142, 144, 148)),
    "silver": ((178, 184, 192),),
    "white": ((246, 246, 246), (216, 215, 212)),
    "ivory": ((246, 238, 214),),
    "beige": ((220, 203, 172), (190, 174, 146)),
    "tan": ((196, 152, 104),),
    "brown": ((112, 70, 42), (70, 44, 30), (140, 98, 66)),
    "rust": ((182, 84, 42), (150, 66, 34)),
    "orange": ((240, 132, 34),),
    "coral": ((242, 122, 104),),
    "red": ((206, 30, 40), (164, 24, 32)),
    "burgundy": ((116, 22, 42), (82, 18, 32)),
    "pink": ((242, 164, 186), (226, 60, 136), (206, 128, 150)),
    "purple": ((116, 62, 154), (82, 44, 112), (170, 46, 132)),
    "lavender": ((184, 166, 222),),
    "navy": ((28, 40, 90), (20, 26, 58)),
    "blue": ((46, 96, 200), (66, 130, 210), (70, 100, 150)),
    "sky blue": ((140, 190, 234),),
    "teal": ((20, 128, 132), (14, 88, 94)),
    "turquoise": ((66, 198, 194),),
    "mint": ((168, 222, 192),),
    "green": ((54, 130, 62), (34, 84, 46), (84, 166, 92)),
    "lime": ((164, 208, 52),),
    "olive": ((112, 112, 50), (84, 84, 40)),
    "mustard": ((216, 168, 40), (176, 134, 32)),
    "yellow": ((248, 216, 60),),
    "gold": ((206, 164, 76),),
}
"""Names of the built-in vocabulary, each with its sRGB colours in light and in shade."""

NAMES = tuple(ANCHORS)

SIDE = 48  # cells; finer grids cost time and changed nothing
BORDER = 2  # cells
SOFTNESS = 9.0  # CIELAB units at which a pixel is shared between neighbouring colours
SPREAD = 0.5  # of the weight towards the centre, in half sides
LEAST_TOLERANCE = 5.0  # CIELAB units from the background that are noise and soft shadow
SHADOW = 0.9  # of a shadow's weight is taken away
SHADOW_HUE = 4.0  # CIELAB units from the background's hue
SHADOW_DEPTH = 60.0  # CIELAB units of lightness; darker than that is no shadow
LEAST_SHARE = 0.02  # smaller shares are noise and not worth keeping
_BITS = 5  # per channel in the table of colours: its steps of 8 are finer than the names


def colour_shares(image: Image.Image) -> dict[str, float]:
    """Return the named colours of what a picture shows, largest share first.

    Args:
        image: RGB, of any size.

    Returns:
        Shares in 0..1 by name of `ANCHORS`, those below 0.02 left out; never empty.
    """
    small = image.resize((SIDE, SIDE), Image.Resampling.BOX, reducing_gap=1.0)
    rgb = np.asarray(small, dtype=np.uint8).reshape(-1, 3)
    cells = (rgb >> (8 - _BITS)).astype(np.intp)
    codes = (cells[:, 0] << 2 * _BITS) | (cells[:, 1] << _BITS) | cells[:, 2]
    lab, named = _tables()
    weights = _foreground(lab[codes])
    total = weights @ named[codes]
    total /= total.sum()
    kept = [i for i in np.argsort(-total).tolist() if total[i] >= LEAST_SHARE]
    return {NAMES[i]: round(float(total[i]), 3) for i in kept}


def _foreground(lab: Floats) -> Floats:
    """Return the weight of each cell (cells,), from its colour (cells, 3) and place."""
    design, border, centre, solve = _places()
    plane = design @ (solve @ lab[border])
    distance = np.sqrt(((lab - plane) ** 2).sum(axis=1))
    tolerance = max(LEAST_TOLERANCE, 1.5 * float(np.sqrt((distance[border] ** 2).mean())))
    unlike = 1 - np.exp(-0.5 * (distance / tolerance) ** 2)
    # A shadow has the background's hue. It is darker, yet not as dark as a dark thing.
    apart = lab - plane
    hue = np.exp(-0.5 * (apart[:, 1] ** 2 + apart[:, 2] ** 2) / SHADOW_HUE**2)
    depth = np.clip(-apart[:, 0] / SHADOW_DEPTH, 0, 1)
    shadow = hue * (1 - depth) * (apart[:, 0] < 0)
    return np.asarray(centre * (unlike**2 * (1 - SHADOW * shadow) + 0.01), dtype=np.float32)


@cache
def _places() -> tuple[Floats, npt.NDArray[np.intp], Floats, Floats]:
    """Return what depends on places alone: terms of a plane, border, centre weights, fit."""
    axis = np.linspace(-1, 1, SIDE, dtype=np.float32)
    y, x = (part.ravel() for part in np.meshgrid(axis, axis, indexing="ij"))
    design = np.stack([np.ones_like(x), x, y], axis=1)
    edge = 1 - 2 * BORDER / SIDE
    border = np.flatnonzero((np.abs(x) > edge) | (np.abs(y) > edge))
    centre = np.exp(-(x**2 + y**2) / (2 * SPREAD**2))
    return design, border, centre.astype(np.float32), np.linalg.pinv(design[border])


@cache
def _tables() -> tuple[Floats, Floats]:
    """Return CIELAB (colours, 3) and shares of names (colours, names) for a table of colours."""
    steps = (np.arange(2**_BITS) + 0.5) * 2 ** (8 - _BITS)
    rgb = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
    lab = lab_of(rgb)
    named = np.zeros((len(lab), len(NAMES)), dtype=np.float32)
    for column, anchors in enumerate(ANCHORS.values()):
        apart = lab[:, None, :] - lab_of(np.array(anchors))[None]
        nearest = (apart**2).sum(axis=2).min(axis=1)
        named[:, column] = -nearest / (2 * SOFTNESS**2)
    named = np.exp(named - named.max(axis=1, keepdims=True))
    return lab, named / named.sum(axis=1, keepdims=True)


def lab_of(rgb: npt.NDArray[np.generic]) -> Floats:
    """Convert sRGB (n, 3) in 0..255 to CIELAB (n, 3), D65 white (IEC 61966-2-1, CIE 15)."""
    srgb = np.asarray(rgb, dtype=np.float64) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array(
        [
            [0.4124564, 0.3575761, 0.1804375],
            [0.2126729, 0.7151522, 0.0721750],
            [0.0193339, 0.1191920, 0.9503041],
        ]
    )
    xyz = linear @ to_xyz.T / np.array([0.95047, 1.0, 1.08883])
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (xyz * 24389 / 27 + 16) / 116)
    x, y, z = f.T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=1).astype(np.float32)
