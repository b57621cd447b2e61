"""Measures of retrieval over judged queries.

They come from ir-measures (MacAvaney et al. 2022). `recall_at_k` is the share of the relevant
products found among the first k, out of min(k, number of relevant products), so that a query with
many right answers can still reach 1.
"""

from collections.abc import Mapping, Sequence

import ir_measures
import numpy as np
from ir_measures import RR, P, nDCG

CUTS = (1, 5, 10)


def percentiles(elapsed_ms: Sequence[float]) -> dict[str, float]:
    """Return the median and the 95th percentile of milliseconds."""
    p50, p95 = np.percentile(elapsed_ms, [50, 95])
    return {"p50": round(float(p50), 3), "p95": round(float(p95), 3)}


def measures(
    relevant: Mapping[str, frozenset[str]], orders: Mapping[str, Sequence[str]]
) -> dict[str, float]:
    """Return the mean measures over queries; arguments as in `measures_by_query`."""
    found = measures_by_query(relevant, orders).values()
    names = next(iter(found)).keys()
    return {name: round(float(np.mean([each[name] for each in found])), 4) for name in names}


def measures_by_query(
    relevant: Mapping[str, frozenset[str]], orders: Mapping[str, Sequence[str]]
) -> dict[str, dict[str, float]]:
    """Return the measures of each query; `mrr` is its reciprocal rank.

    Args:
        relevant: For each query the skus that count as found; never empty.
        orders: For each query the skus found, best first.
    """
    qrels = [ir_measures.Qrel(q, sku, 1) for q, skus in relevant.items() for sku in skus]
    run = [
        ir_measures.ScoredDoc(q, sku, float(-position))
        for q, skus in orders.items()
        for position, sku in enumerate(skus)
    ]
    per_query: dict[str, dict[str, float]] = {q: {} for q in relevant}
    wanted = [*(P @ k for k in CUTS), RR, nDCG @ 10]
    for metric in ir_measures.iter_calc(wanted, qrels, run):
        per_query[metric.query_id][str(metric.measure)] = metric.value
    named = {"mrr": "RR", "ndcg_at_10": "nDCG@10", "precision_at_10": "P@10"}
    return {
        q: {f"recall_at_{k}": found.get(f"P@{k}", 0.0) * k / min(k, len(relevant[q])) for k in CUTS}
        | {name: found.get(measure, 0.0) for name, measure in named.items()}
        for q, found in per_query.items()
    }
