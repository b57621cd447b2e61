#!/usr/bin/env bash
# ir-measures 0.4.3 gives RR = 0.5 and RR@10 = 1.0 for the same ranking of two documents.
#
# Behaviour: measures are computed by different libraries behind one call. RR comes from pytrec_eval, which
#   keeps scores in single precision and breaks ties by document id, descending; RR@10 comes from another,
#   which compares Python's floats. Scores that differ in the ninth digit tie for one and not for the other.
# Seen: a (relevant) 0.90000002, z 0.90000001: RR 0.5, P@1 0.0, RR@10 1.0.
# Why it matters: a cut-off above the number of documents should change nothing. Similarities of many
#   embedding models lie close together, so a table can hold both numbers and both look plausible. Hand over
#   ranks as scores.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet ir-measures==0.4.3 pytrec-eval-terrier==0.5.11
"$place/venv/bin/python" - <<'PYTHON'
import sys

import ir_measures
from ir_measures import RR, P, Qrel, ScoredDoc

judged = [Qrel("query", "a", 1)]


def measure(first: float, second: float) -> dict[str, float]:
    """Return the measures of a ranking in which the relevant document is first."""
    ranking = [ScoredDoc("query", "a", first), ScoredDoc("query", "z", second)]
    values = ir_measures.calc_aggregate([RR, RR @ 10, P @ 1], judged, ranking)
    return {str(name): float(value) for name, value in sorted(values.items(), key=str)}


close, ranks = measure(0.90000002, 0.90000001), measure(2.0, 1.0)
print("similarities as scores:", close)
print("ranks as scores:       ", ranks)
if set(ranks.values()) != {1.0}:
    sys.exit("ir-measures no longer agrees with itself on clear scores.")
if close != {"P@1": 0.0, "RR": 0.5, "RR@10": 1.0}:
    sys.exit("ir-measures treats close scores otherwise now.")
PYTHON
