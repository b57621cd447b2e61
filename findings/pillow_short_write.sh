#!/usr/bin/env bash
# Pillow 13.0.0 saves a cut JPEG, TIFF, BMP or PPM without an error where the disk ends inside the last write.
#
# Behaviour: encoders that write to the file descriptor themselves don't look at how much of a write was
#   taken. Where a disk, a quota or a limit ends within the last block, the system writes what fits and says
#   so; `save` returns as if all were there. PNG, WebP and GIF go through Python's file and raise.
# Seen (a limit on file size 10 bytes short of the picture stands in for the full disk): JPEG, TIFF, BMP,
#   PPM: no error, 10 bytes missing; PNG, WEBP, GIF: OSError 27.
# Why it matters: "write to a temporary name, then rename" is no protection, since the save succeeds. Save
#   to memory and write the bytes, or compare the size.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet pillow==13.0.0
"$place/venv/bin/python" - "$place" <<'PYTHON'
import random
import resource
import sys
from io import BytesIO
from pathlib import Path

from PIL import Image

picture = Image.frombytes("RGB", (240, 240), random.Random(0).randbytes(240 * 240 * 3))
silent, loud = set(), set()
for kind in ("JPEG", "TIFF", "BMP", "PPM", "PNG", "WEBP", "GIF"):
    whole, path = BytesIO(), Path(sys.argv[1]) / f"picture.{kind}"
    picture.save(whole, kind)
    size = len(whole.getvalue())
    resource.setrlimit(resource.RLIMIT_FSIZE, (size - 10, resource.RLIM_INFINITY))
    try:
        picture.save(path, kind)
    except OSError as error:
        print(f"{kind}: {error!r}")
        loud.add(kind)
    else:
        missing = size - path.stat().st_size
        print(f"{kind}: no error, {missing} of {size} bytes missing")
        if missing:
            silent.add(kind)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
if not {"PNG", "WEBP", "GIF"} <= loud:
    sys.exit("Pillow no longer raises for PNG, WebP and GIF.")
if silent != {"JPEG", "TIFF", "BMP", "PPM"}:
    sys.exit("Pillow notices more of the writes that fell short, or fewer.")
PYTHON
