#!/usr/bin/env bash
# ImageHash 4.3.2 gives a cut-out product the hash of an empty picture.
#
# Behaviour: every hash starts with Pillow's convert("L"), which drops the alpha channel and keeps the
#   colours below it. What transparent pixels hold is up to the program that wrote the file: usually black,
#   sometimes white.
# Seen: a black shape on transparent black and nothing on transparent black: distance 0 by average_hash,
#   phash, dhash, whash and colorhash; laid over white first, phash says 30 and more.
# Why it matters: cut-outs are what suppliers send. A search for duplicates joins all black products of a
#   shop, or finds none of one that another program wrote with white below.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet imagehash==4.3.2 pillow==13.0.0
"$place/venv/bin/python" - <<'PYTHON'
import sys

import imagehash
from PIL import Image, ImageDraw

empty = Image.new("RGBA", (256, 256), (0, 0, 0, 0))
product = empty.copy()
ImageDraw.Draw(product).ellipse((40, 60, 200, 220), fill=(0, 0, 0, 255))
ImageDraw.Draw(product).rectangle((190, 110, 240, 160), fill=(0, 0, 0, 255))


def on_white(picture: Image.Image) -> Image.Image:
    """Lay a picture over white, as a page does."""
    ground = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(ground, picture).convert("RGB")


distances = {}
for name in ("average_hash", "phash", "dhash", "whash", "colorhash"):
    of = getattr(imagehash, name)
    distances[name] = int(of(product) - of(empty)), int(of(on_white(product)) - of(on_white(empty)))
    print(f"{name}: {distances[name][0]} apart as they are, {distances[name][1]} over white")
if any(plain for plain, _ in distances.values()):
    sys.exit("ImageHash looks at transparency now.")
if distances["phash"][1] < 20:
    sys.exit("ImageHash no longer tells the same pictures apart over white.")
PYTHON
