#!/usr/bin/env bash
# RapidFuzz 3.14.6 says that two long texts without a common letter are 0 edits apart.
#
# Behaviour: `process.cdist(..., dtype=numpy.uint8)`, which saves three quarters of the matrix, does not
#   stop at 255: a distance of 256 becomes 0, one of 300 becomes 44. There is no warning.
# Seen: Levenshtein distance of 256 a's and 256 b's: 0 as uint8, 256 as uint32, the default.
# Why it matters: near-duplicates of descriptions are looked for as a matrix of distances below some limit.
#   Most descriptions are longer than 255 characters, so strangers fall under it and look alike.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet rapidfuzz==3.14.6 numpy==2.4.6
"$place/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

got = {}
for length in (255, 256, 300):
    one, other = ["a" * length], ["b" * length]
    small = process.cdist(one, other, scorer=Levenshtein.distance, dtype=np.uint8)[0, 0]
    usual = process.cdist(one, other, scorer=Levenshtein.distance)[0, 0]
    print(f"{length} letters, none in common: {small} as uint8, {usual} as {usual.dtype}")
    got[length] = int(small), int(usual)
if got != {255: (255, 255), 256: (0, 256), 300: (44, 300)}:
    sys.exit("RapidFuzz fills matrices of uint8 otherwise now.")
PYTHON
