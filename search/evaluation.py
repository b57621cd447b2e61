"""Measures quality and speed of each stage of the query path on judged queries.

Measures come from ir-measures (MacAvaney et al. 2022). `recall_at_k` is the share of the
relevant products found among the first k, out of min(k, number of relevant products), so
that a query with many right answers can still reach 1.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import ir_measures
import numpy as np
import sqlalchemy
from ir_measures import RR, P, nDCG

from search.encoder import Encoder
from search.errors import UnusablePicture
from search.generation import Generation
from search.images import decode_picture
from search.judgements import Judged, split_by_kind
from search.query import understand
from search.question import Question
from search.ranking import Stopwatch, rank
from search.results import Candidates, Query
from search.settings import Settings
from search.stages import STAGES as RERANKING
from search.stages import Ranking, Stage, group

STAGES = ("ann", "exact", "reranked")
DEPTH = 100
"""Products per query that are judged; the reciprocal rank beyond is 0."""
CUTS = (1, 5, 10)

Order = list[int]
"""Product ids, best first."""


@dataclass(slots=True)
class Measured:
    """Orders and times of one stage over all queries of a kind."""

    orders: dict[str, Order] = field(default_factory=dict)
    elapsed_ms: list[float] = field(default_factory=list)


def order_of(generation: Generation, found: Candidates) -> Order:
    """Return the products of candidates, each by its best picture."""
    product_ids = generation.columns.product_id[found.rows]
    return [int(i) for i in group(product_ids, found.rows, found.similarities).product_ids[:DEPTH]]


def stage_orders(
    generation: Generation,
    question: Question,
    candidates: int,
    known: Mapping[str, Stage] = RERANKING,
) -> dict[str, tuple[Order, float]]:
    """Answer one question by each stage, business rules and folding left out.

    Args:
        generation: The index to ask.
        question: What is asked; it carries no rules.
        candidates: Pictures to rescore exactly.
        known: Re-ranking stages by name, in order.

    Returns:
        For `ann` (the index's own order), `exact` (exact search over everything) and
        `reranked` (what a shopper sees): the order and the milliseconds it took.
    """

    vector = question.vector

    def reranked() -> Ranking:
        return rank(generation, question, candidates=candidates, known=known).ranking

    steps: dict[str, Callable[[], Order]] = {
        "ann": lambda: order_of(generation, generation.candidates(vector, candidates)),
        "exact": lambda: order_of(generation, generation.exact(vector, candidates)),
        "reranked": lambda: [int(i) for i in reranked().product_ids[:DEPTH]],
    }
    answers = {}
    for stage, answer in steps.items():
        started = time.perf_counter()
        order = answer()
        answers[stage] = (order, (time.perf_counter() - started) * 1000)
    return answers


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


@dataclass(frozen=True, slots=True)
class Evaluator:
    """Asks judged queries of one generation."""

    generation: Generation
    encoder: Encoder
    settings: Settings
    database: sqlalchemy.Engine
    skus: Mapping[int, str]  # product id -> sku, indexed products only
    categories: Mapping[str, str | None]  # sku -> category path, the whole catalogue
    reranking: Mapping[str, Stage] = field(default_factory=lambda: RERANKING)

    def evaluate(
        self, judged: Sequence[Judged], progress: Callable[[int, int], None] | None = None
    ) -> dict[str, dict[str, object]]:
        """Return the measures by kind of query and stage.

        Args:
            judged: All queries.
            progress: Called with how many queries are done, and how many there are.

        Returns:
            `{kind: {stage: {recall_at_1: …, latency_ms: {p50, p95}}, queries: n, …}}`. Queries
            whose photo can't be read, or that nothing in the catalogue answers, are counted
            under `left_out` and not measured.
        """
        done = 0
        report: dict[str, dict[str, object]] = {}
        for kind, queries in split_by_kind(judged).items():
            relevant: dict[str, frozenset[str]] = {}
            stages = {stage: Measured() for stage in STAGES}
            steps_ms: dict[str, list[float]] = {}
            for query in queries:
                skus = query.relevant(self.categories)
                if skus and self._ask(query, stages, steps_ms):
                    relevant[query.name] = skus
                done += 1
                if progress is not None:
                    progress(done, len(judged))
            report[kind] = {
                "queries": len(relevant),
                "left_out": len(queries) - len(relevant),
                **self._summary(relevant, stages, steps_ms),
            }
        return report

    def _ask(
        self, query: Judged, stages: dict[str, Measured], steps_ms: dict[str, list[float]]
    ) -> bool:
        """Answer one query by every stage; False where its photo can't be read."""
        try:
            photo = None
            if query.photo is not None:
                photo = decode_picture(
                    query.photo.read_bytes(), max_pixels=self.settings.max_image_pixels
                )
        except (OSError, UnusablePicture):
            return False
        watch = Stopwatch()
        asked = Query(photo=photo, text=query.text)
        question = understand(asked, self.encoder, self.generation, self.database, watch=watch)
        for step, elapsed_ms in watch.timings_ms.items():
            steps_ms.setdefault(step, []).append(elapsed_ms)
        answers = stage_orders(self.generation, question, self.settings.candidates, self.reranking)
        for stage, (order, elapsed_ms) in answers.items():
            stages[stage].orders[query.name] = order
            stages[stage].elapsed_ms.append(elapsed_ms)
        return True

    def _summary(
        self,
        relevant: Mapping[str, frozenset[str]],
        stages: Mapping[str, Measured],
        steps_ms: Mapping[str, Sequence[float]],
    ) -> dict[str, object]:
        """Turn orders and times into the report of one kind of query."""
        if not relevant:
            return {}
        summary: dict[str, object] = {
            f"{step}_ms": percentiles(elapsed_ms) for step, elapsed_ms in steps_ms.items()
        }
        for stage, measured in stages.items():
            orders = {q: [self.skus[i] for i in order] for q, order in measured.orders.items()}
            summary[stage] = {
                **measures(relevant, orders),
                "latency_ms": percentiles(measured.elapsed_ms),
            }
        return summary
