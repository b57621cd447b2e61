#!/usr/bin/env bash
# resvg_py 0.5.0 draws no letter at all where an SVG names a font that is not there.
#
# Behaviour: a browser takes another font; resvg leaves the text out and raises nothing, although it was
#   given a font file. Only `sans-serif` and its like fall back, to whatever family they are told to be.
# Seen: font-family="Gill Sans", with one font file (Vera) at hand: 0 dark pixels; font-family="Bitstream
#   Vera Sans": some hundred; font-family="Gill Sans, sans-serif" with sans_serif_family set: as many.
# Why it matters: labels, logos and size charts vanish from rendered product pictures on a server, which has
#   few fonts, and are there on the designer's machine. What checks the result for an error finds none.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet resvg_py==0.5.0 pillow==13.0.0 reportlab==5.1.0
"$place/venv/bin/python" - <<'PYTHON'
import sys
from io import BytesIO
from pathlib import Path

import reportlab
import resvg_py
from PIL import Image

FONT = Path(reportlab.__file__).parent / "fonts" / "Vera.ttf"  # any font file would do


def dark(family: str, **options: object) -> int:
    """Return how many pixels a word of this font family darkens."""
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="96" height="48">'
        '<rect width="96" height="48" fill="white"/>'
        f'<text x="8" y="36" font-size="32" font-family="{family}">Mug</text></svg>'
    )
    drawn = resvg_py.svg_to_bytes(
        svg_string=svg, skip_system_fonts=True, font_files=[str(FONT)], **options
    )
    histogram = Image.open(BytesIO(bytes(drawn))).convert("L").histogram()
    return sum(histogram[:128])


named = dark("Bitstream Vera Sans")
missing = dark("Gill Sans")
generic = dark("Gill Sans, sans-serif", sans_serif_family="Bitstream Vera Sans")
print(f"dark pixels: font at hand {named}, font missing {missing}, with a generic family {generic}")
if named < 50 or generic < 50:
    sys.exit("resvg draws less text than it did.")
if missing:
    sys.exit("resvg takes another font where one is missing now.")
PYTHON
