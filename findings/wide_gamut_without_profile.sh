#!/usr/bin/env bash
# Pillow 13.0.0 and pillow-heif 1.8.1 open wide-gamut AVIF and HEIC pictures as if they were sRGB.
#
# Behaviour: both formats may say by four numbers ("nclx") instead of an ICC profile which colours are meant;
#   12 is Display P3. Neither library converts. pillow-heif hands the numbers on in `info["nclx_profile"]`,
#   Pillow's AVIF reader hands on nothing: two files that differ in the number alone give equal pixels and
#   equal `info`. `info["icc_profile"]`, which colour management with Pillow looks for, is empty in all.
# Seen: HEIC with primaries 12: the pixel as it was written, icc_profile None; AVIF with 1 and with 12: same
#   pixels, same info keys.
# Why it matters: phones and browsers write such files. Reds and greens come out duller than on the page,
#   so a photo and the shop's own picture of the same thing differ.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet pillow==13.0.0 pillow-heif==1.8.1
"$place/venv/bin/python" - <<'PYTHON'
import struct
import sys
from io import BytesIO

import pillow_heif
from PIL import Image

pillow_heif.register_heif_opener()
GREEN, SRGB, DISPLAY_P3 = (0, 200, 60), 1, 12
square = Image.new("RGB", (64, 64), GREEN)


def opened(content: bytes) -> Image.Image:
    """Open and decode a file."""
    picture = Image.open(BytesIO(content))
    picture.load()
    return picture


pixels, numbers, profiles = [], [], []
for primaries in (SRGB, DISPLAY_P3):
    file = BytesIO()
    square.save(file, "HEIF", quality=95, chroma=444, color_primaries=primaries)
    picture = opened(file.getvalue())
    pixels.append(picture.getpixel((5, 5)))
    numbers.append(picture.info["nclx_profile"]["color_primaries"])
    profiles.append(picture.info.get("icc_profile"))
print(f"HEIC, primaries {numbers}: pixels {pixels}, ICC profiles {profiles}")
if numbers != [SRGB, DISPLAY_P3] or profiles != [None, None]:
    sys.exit("pillow-heif describes colours otherwise now.")
if pixels[0] != pixels[1]:
    sys.exit("pillow-heif converts to sRGB now.")

file = BytesIO()
square.save(file, "AVIF", quality=100, subsampling="4:4:4")
plain = file.getvalue()
at = plain.index(b"colrnclx") + len(b"colrnclx")
wide = plain[:at] + struct.pack(">H", DISPLAY_P3) + plain[at + 2 :]
(was,) = struct.unpack_from(">H", plain, at)
one, other = opened(plain), opened(wide)
print(f"AVIF, primaries {was} and {DISPLAY_P3}: pixels {one.getpixel((5, 5))}, {other.getpixel((5, 5))}")
print(f"AVIF, info: {sorted(one.info)}, {sorted(other.info)}")
if one.tobytes() != other.tobytes() or one.info != other.info:
    sys.exit("Pillow tells an AVIF's primaries now, or converts.")
PYTHON
