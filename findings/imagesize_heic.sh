#!/usr/bin/env bash
# imagesize 2.0.1 gives the coded size of a HEIC picture, and none of a HEIC or AVIF picture that is turned.
#
# Behaviour: HEIC encoders pad small and odd sizes, and a second box says what to crop. imagesize reads the
#   first box alone. Where a third box says to turn the picture, as in portraits of phones, it returns
#   (-1, -1), for AVIF, too.
# Seen: HEIC of 77 × 101 -> (78, 102), of 64 × 48 -> (64, 64), of 1000 × 750 -> (1000, 750); HEIC and
#   AVIF of 1024 × 512 turned by a quarter -> (-1, -1), where Pillow says (512, 1024) or how to turn.
# Why it matters: sizes go into width and height of an <img>, and decide whether a picture is too small or
#   too long. -1 passes every "at most" check.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet imagesize==2.0.1 pillow==13.0.0 pillow-heif==1.8.1
"$place/venv/bin/python" - <<'PYTHON'
import sys
from io import BytesIO

import imagesize
import pillow_heif
from PIL import Image

pillow_heif.register_heif_opener()
QUARTER = Image.Exif()
QUARTER[0x0112] = 6
cases = {
    (77, 101, "HEIF", False): (78, 102),
    (64, 48, "HEIF", False): (64, 64),
    (1000, 750, "HEIF", False): (1000, 750),
    (77, 101, "AVIF", False): (77, 101),
    (1024, 512, "HEIF", True): (-1, -1),
    (1024, 512, "AVIF", True): (-1, -1),
}
changed = False
for (width, height, kind, turned), seen in cases.items():
    options = {"exif": QUARTER.tobytes()} if turned else {}
    file = BytesIO()
    Image.new("RGB", (width, height), "red").save(file, kind, **options)
    guessed = imagesize.get(BytesIO(file.getvalue()))
    real = Image.open(file).size
    print(f"{kind} {width} × {height}{', turned' * turned}: imagesize {guessed}, Pillow {real}")
    changed = changed or guessed != seen
if changed:
    sys.exit("imagesize reads other sizes now.")
PYTHON
