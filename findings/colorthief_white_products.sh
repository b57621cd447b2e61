#!/usr/bin/env bash
# ColorThief 0.2.1 never says that a product is white, and refuses a white picture.
#
# Behaviour: before it counts colours it leaves out every pixel whose three values are all above 250, and
#   those that are mostly transparent. A white plate on light grey is then grey; a white plate on white
#   leaves no pixel, which raises a bare `Exception`; one per cent of red on white is red.
# Seen: white plate that covers 64% of a grey (220) picture -> (220, 220, 220); all white ->
#   "Empty pixels when quantize."; 1% red -> (204, 28, 28).
# Why it matters: white is among the colours that shoppers filter by most, and studio photos are white all
#   around. The limit is a constant in the middle of a method, no parameter.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet colorthief==0.2.1 pillow==13.0.0
"$place/venv/bin/python" - <<'PYTHON'
import sys
from io import BytesIO

from colorthief import ColorThief
from PIL import Image, ImageDraw


def colour(picture: Image.Image) -> object:
    """Return the colour, or what was raised."""
    file = BytesIO()
    picture.save(file, "PNG")
    file.seek(0)
    try:
        return ColorThief(file).get_color(quality=1)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


plate = Image.new("RGB", (100, 100), (220, 220, 220))
ImageDraw.Draw(plate).ellipse((5, 5, 95, 95), fill="white")
spot = Image.new("RGB", (100, 100), "white")
ImageDraw.Draw(spot).rectangle((0, 0, 9, 9), fill=(200, 30, 30))
found = {
    "white plate on grey": colour(plate),
    "white on white": colour(Image.new("RGB", (100, 100), "white")),
    "1% red on white": colour(spot),
}
for name, answer in found.items():
    print(f"{name}: {answer}")
grey, white, red = found.values()
if grey != (220, 220, 220) or not str(white).startswith("Exception"):
    sys.exit("ColorThief sees white now.")
if not isinstance(red, tuple) or red[0] < 180 or red[1] > 60:
    sys.exit("ColorThief weighs white pixels otherwise now.")
PYTHON
