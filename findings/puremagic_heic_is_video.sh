#!/usr/bin/env bash
# puremagic 1.30 says that a phone's HEIC photo is an MP4 video.
#
# Behaviour: HEIC and MP4 are both ISO base media files. puremagic knows "ftypheic" at offset 4, and four
#   bytes of length 28 before "ftyp" as MP4; both are matches of the same confidence, and MP4 comes first.
#   The length is 28 where the encoder lists three brands. AVIF is told rightly.
# Seen: a HEIC file of pillow-heif 1.8.1: from_string -> ".mp4", "video/mp4"; in the list of all matches
#   ".heif" stands second; filetype 1.2.0 says image/heic.
# Why it matters: uploads are let in by their type. A photo is refused as a video, while another phone's,
#   with two or four brands, gets through.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet puremagic==1.30 filetype==1.2.0 pillow==13.0.0 pillow-heif==1.8.1
"$place/venv/bin/python" - <<'PYTHON'
import sys
from io import BytesIO

import filetype
import pillow_heif
import puremagic
from PIL import Image

pillow_heif.register_heif_opener()
types = {}
for kind in ("HEIF", "AVIF", "JPEG"):
    file = BytesIO()
    Image.new("RGB", (64, 64), "red").save(file, kind)
    content = file.getvalue()
    types[kind] = puremagic.from_string(content, mime=True)
    matches = [(match.extension, match.confidence) for match in puremagic.magic_string(content)]
    print(f"{kind}: puremagic {types[kind]}, filetype {filetype.guess_mime(content)}; matches {matches}")
if (types["AVIF"], types["JPEG"]) != ("image/avif", "image/jpeg"):
    sys.exit("puremagic tells AVIF or JPEG otherwise now.")
if types["HEIF"] != "video/mp4":
    sys.exit("puremagic tells HEIC otherwise now.")
PYTHON
