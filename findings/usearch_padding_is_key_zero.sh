#!/usr/bin/env bash
# USearch 2.26.6 pads the answers of a batch with key 0, which may be a product.
#
# Behaviour: searching many vectors at once returns a rectangle of keys. Where fewer than k were found the
#   rest is 0, with a distance that is not a number; how many count stands in a third array. FAISS pads with
#   -1, and USearch itself cuts the answer to a single query.
# Seen: three vectors with keys 0, 1, 2 and k=5: keys [[2 1 0 0 0]], distances end in nan nan, counts [3];
#   one query alone: three keys.
# Why it matters: keys are looked up in a table. Product 0 then stands on short pages again and again, and
#   in counts of what is shown most.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet usearch==2.26.6 numpy==2.4.6
"$place/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
from usearch.index import Index

vectors = np.eye(8, dtype=np.float32)[:3]
index = Index(ndim=8, metric="cos", dtype="f32")
index.add(np.arange(3), vectors)
queries = vectors[[2, 1]]
batch, single = index.search(queries, 5), index.search(queries[0], 5)
print("batch keys:     ", batch.keys.tolist())
print("batch distances:", batch.distances.tolist())
print("batch counts:   ", batch.counts.tolist())
print("single keys:    ", single.keys.tolist())
if len(single.keys) != 3 or batch.counts.tolist() != [3, 3]:
    sys.exit("USearch counts what it found otherwise now.")
if batch.keys[:, 3:].tolist() != [[0, 0], [0, 0]] or not np.isnan(batch.distances[:, 3:]).all():
    sys.exit("USearch pads the answers of a batch otherwise now.")
PYTHON
