#!/usr/bin/env bash
# resvg_py 0.5.0 paints colours black, opaque and without a word, that browsers have known for years.
#
# Behaviour: of CSS colours resvg knows those of SVG 1.1 and a few more. `var()` (even with a fallback),
#   `rgb(… / …)`, `oklch()`, `color-mix()` make it drop the attribute, and what has no fill is black.
#   `hsl()` with spaces and `#rrggbbaa` work, so that a quick trial looks well.
# Seen: fill="var(--body, red)" -> (0, 0, 0, 255); fill="rgb(255 0 0 / 50%)" -> (0, 0, 0, 255);
#   fill="#ff000080" -> (255, 0, 0, 128).
# Why it matters: vector pictures of products that come in several colours use CSS variables for them. All
#   variants are rendered as the same black silhouette, and a visual index finds them identical.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet resvg_py==0.5.0 pillow==13.0.0
"$place/venv/bin/python" - <<'PYTHON'
import sys
from io import BytesIO

import resvg_py
from PIL import Image


def pixel(fill: str) -> tuple[int, ...]:
    """Return the colour that a square filled so has, RGBA."""
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8">'
        f'<rect width="8" height="8" fill="{fill}"/></svg>'
    )
    return Image.open(BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=svg)))).getpixel((4, 4))


BLACK = (0, 0, 0, 255)
black = ["var(--body, red)", "rgb(255 0 0 / 50%)", "oklch(0.6 0.2 20)", "color-mix(in srgb, red, blue)"]
known = {"red": (255, 0, 0, 255), "hsl(0 100% 50%)": (255, 0, 0, 255), "#ff000080": (255, 0, 0, 128)}
for fill in (*black, *known):
    print(f"fill={fill!r} -> {pixel(fill)}")
if any(pixel(fill) != colour for fill, colour in known.items()):
    sys.exit("resvg paints other colours than it did.")
if any(pixel(fill) != BLACK for fill in black):
    sys.exit("resvg knows one of these colours now.")
PYTHON
