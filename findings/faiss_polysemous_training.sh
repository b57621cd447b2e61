#!/usr/bin/env bash
# FAISS 1.15.1 spends most of the training of an IVF-PQ index on an order of codes that no search looks at.
#
# Behaviour: index_factory("IVF…,PQ…") switches `do_polysemous_training` on: after k-means, simulated
#   annealing renumbers each sub-quantizer's centroids so that Hamming distances of codes mean something.
#   Searches compare codes by Hamming distance only where `polysemous_ht` is set; it is 0.
# Seen: on by default, and both indexes give the same ids and distances; training takes a multiple of what
#   it takes without, more the fewer vectors there are.
# Why it matters: an index that is rebuilt every night takes minutes instead of seconds for nothing. The
#   switch is an attribute of the index, and no factory string or parameter of training names it.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet faiss-cpu==1.15.1 numpy==2.4.6
"$place/venv/bin/python" - <<'PYTHON'
import sys
import time

import faiss
import numpy as np

faiss.omp_set_num_threads(1)
vectors = np.random.default_rng(0).normal(size=(3_000, 8)).astype(np.float32)
default = faiss.index_factory(8, "IVF4,PQ2x8").do_polysemous_training
answers, seconds = {}, {}
for polysemous in (True, False):
    index = faiss.index_factory(8, "IVF4,PQ2x8")
    index.do_polysemous_training = polysemous
    index.cp.min_points_per_centroid = index.pq.cp.min_points_per_centroid = 1
    started = time.process_time()
    index.train(vectors)
    seconds[polysemous] = time.process_time() - started
    index.add(vectors)
    answers[polysemous] = index.search(vectors[:200], 10)
same = all(np.allclose(a, b) for a, b in zip(answers[True], answers[False], strict=True))
print(f"on by default: {default}; polysemous_ht: {index.polysemous_ht}; same answers: {same}")
print(f"training took {seconds[True] / seconds[False]:.0f} times as long with it")
if not default or index.polysemous_ht:
    sys.exit("FAISS does not train for polysemous codes by default any more, or uses them.")
if not same:
    sys.exit("Polysemous training changes answers now.")
if seconds[True] < 5 * seconds[False]:
    sys.exit("Polysemous training costs little now.")
PYTHON
