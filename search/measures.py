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
    """Return the mean measures over queries.

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
    means = {}
    for k in CUTS:
        shares = [per_query[q].get(f"P@{k}", 0.0) * k / min(k, len(relevant[q])) for q in relevant]
        means[f"recall_at_{k}"] = float(np.mean(shares))
    for name, measure in (("mrr", "RR"), ("ndcg_at_10", "nDCG@10"), ("precision_at_10", "P@10")):
        means[name] = float(np.mean([per_query[q].get(measure, 0.0) for q in relevant]))
    return {name: round(value, 4) for name, value in means.items()}
