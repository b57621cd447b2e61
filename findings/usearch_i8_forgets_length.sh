#!/usr/bin/env bash
# USearch 2.26.6 with dtype "i8" ranks by inner product and distance as if all vectors had length 1.
#
# Behaviour: to fit into eight bits a vector is scaled to unit length first, whatever the metric, and its
#   length is kept nowhere. "ip" and "l2sq" are accepted all the same and rank by angle. In f32, bf16 and
#   f16 they rank by what their names say.
# Seen: query (1,0); stored 0: (1,0), 1: (100,10), 2: (2,2). Best by "ip": f32 -> 1, i8 -> 0. Nearest but
#   itself by "l2sq": f32 -> 2, i8 -> 1, which is 100 away.
# Why it matters: vectors are not always normalised (popularity in the length, recommenders' factors), and
#   saving memory by one argument changes what similar means, without an error.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet usearch==2.26.6 numpy==2.4.6
"$place/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
from usearch.index import Index

stored = np.zeros((3, 8), dtype=np.float32)  # what is beyond the second number stays zero
stored[:, :2] = [[1, 0], [100, 10], [2, 2]]
order = {}
for metric in ("ip", "l2sq"):
    for dtype in ("f32", "f16", "i8"):
        index = Index(ndim=8, metric=metric, dtype=dtype)
        index.add(np.arange(3), stored)
        order[metric, dtype] = [int(key) for key in index.search(stored[0], 3).keys]
        print(f"{metric} in {dtype}: {order[metric, dtype]}")
if any(order["ip", d] != [1, 2, 0] or order["l2sq", d] != [0, 2, 1] for d in ("f32", "f16")):
    sys.exit("USearch orders unquantised vectors otherwise now.")
if order["ip", "i8"] != [0, 1, 2] or order["l2sq", "i8"] != [0, 1, 2]:
    sys.exit("USearch keeps the length of i8 vectors now.")
PYTHON
