#!/usr/bin/env bash
# FAISS 1.15.1 keeps other rows than NumPy 2.4.6 was told to, from a bitmap packed by default.
#
# Behaviour: IDSelectorBitmap takes the lowest bit of a byte for the first row, `numpy.packbits` puts the
#   first value into the highest. Both are eight rows a byte, so the bitmap fits, and each row is swapped
#   with another one of its eight.
# Seen: a mask that keeps rows 0 and 9: packbits(mask) -> rows 7 and 14; with bitorder="little" -> 0 and 9.
# Why it matters: a filter by stock or price returns a full page of products that mostly are what was not
#   asked for; masks that are the same for eight neighbours, as in small tests, hide it.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet faiss-cpu==1.15.1 numpy==2.4.6
"$place/venv/bin/python" - <<'PYTHON'
import sys

import faiss
import numpy as np

index = faiss.IndexFlatIP(4)
index.add(np.ones((16, 4), dtype=np.float32))
mask = np.zeros(16, dtype=bool)
mask[[0, 9]] = True
kept = {}
for order in ("big", "little"):  # "big" is what numpy does unless told otherwise
    selector = faiss.IDSelectorBitmap(np.packbits(mask, bitorder=order))
    rows = index.search(np.ones((1, 4), np.float32), 2, params=faiss.SearchParameters(sel=selector))[1]
    kept[order] = sorted(rows[0].tolist())
    print(f"mask keeps [0, 9]; packed {order}: FAISS keeps {kept[order]}")
if not np.array_equal(np.packbits(mask), np.packbits(mask, bitorder="big")):
    sys.exit("NumPy packs bits in another order by default now.")
if kept != {"big": [7, 14], "little": [0, 9]}:
    sys.exit("FAISS reads bitmaps in another order now.")
PYTHON
