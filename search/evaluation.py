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
from ir_measures import RR, P, nDCG

from search.composer import Composer
from search.encoder import Encoder
from search.errors import UnusablePicture
from search.generation import Generation
from search.images import decode_picture
from search.judgements import Judged, split_by_kind
from search.query import understand
from search.question import Question
from search.ranking import rank
from search.results import Candidates, Query, Vector
from search.settings import Settings
from search.stages import Ranking, group

STAGES = ("sum", "ann", "exact", "reranked")
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


def plain_sum(encoder: Encoder, query: Query) -> Vector:
    """Return the sum of the vectors of a photo and a text: what composition is measured against."""
    if query.photo is None:
        raise ValueError("a sum needs a photo and a text")
    both = encoder.encode_images([query.photo])[0] + encoder.encode_texts([query.text])[0]
    return np.asarray(both / np.linalg.norm(both), dtype=np.float32)


def stage_orders(
    generation: Generation, question: Question, candidates: int, summed: Vector | None = None
) -> dict[str, tuple[Order, float]]:
    """Answer one question by each stage.

    Args:
        generation: What to ask.
        question: A query, understood.
        candidates: Pictures to rescore exactly.
        summed: The plain sum of a photo and its text; None where there are not both.

    Returns:
        For `ann` (the index's own order), `exact` (exact search over everything), `reranked`
        (what a shopper sees) and, with a sum, `sum` (exact search for it): the order and the
        milliseconds it took.
    """

    vector, keep = question.vector, question.keep

    def reranked() -> Ranking:
        return rank(generation, question, candidates=candidates).ranking

    steps: dict[str, Callable[[], Order]] = {
        "ann": lambda: order_of(generation, generation.candidates(vector, candidates, keep)),
        "exact": lambda: order_of(generation, generation.exact(vector, candidates, keep)),
        "reranked": lambda: [int(i) for i in reranked().product_ids[:DEPTH]],
    }
    if summed is not None:
        steps["sum"] = lambda: order_of(generation, generation.exact(summed, candidates))
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
    composer: Composer
    settings: Settings
    skus: Mapping[int, str]  # product id -> sku, indexed products only
    categories: Mapping[str, str | None]  # sku -> category path, the whole catalogue

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
            under `left_out` and not measured. Where queries say what they change, `changes` has
            the recall at 10 of each stage by change.
        """
        done = 0
        report: dict[str, dict[str, object]] = {}
        for kind, queries in split_by_kind(judged).items():
            relevant: dict[str, frozenset[str]] = {}
            stages = {stage: Measured() for stage in STAGES}
            encode_ms: list[float] = []
            for query in queries:
                skus = query.relevant(self.categories)
                if skus and self._ask(query, stages, encode_ms):
                    relevant[query.name] = skus
                done += 1
                if progress is not None:
                    progress(done, len(judged))
            report[kind] = {
                "queries": len(relevant),
                "left_out": len(queries) - len(relevant),
                **self._summary(relevant, stages, encode_ms),
            }
            changes = {query.name: query.change for query in queries if query.change}
            if changes:
                report[kind]["changes"] = self._by_change(changes, relevant, stages)
        return report

    def _ask(self, query: Judged, stages: dict[str, Measured], encode_ms: list[float]) -> bool:
        """Answer one query by every stage; False where its photo can't be read."""
        try:
            photo = None
            if query.photo is not None:
                photo = decode_picture(
                    query.photo.read_bytes(), max_pixels=self.settings.max_image_pixels
                )
        except (OSError, UnusablePicture):
            return False
        started = time.perf_counter()
        asked = Query(photo=photo, text=query.text)
        question = understand(asked, self.composer, self.generation)
        encode_ms.append((time.perf_counter() - started) * 1000)
        summed = plain_sum(self.composer.encoder, asked) if asked.kind == "both" else None
        answers = stage_orders(self.generation, question, self.settings.candidates, summed)
        for stage, (order, elapsed_ms) in answers.items():
            stages[stage].orders[query.name] = order
            stages[stage].elapsed_ms.append(elapsed_ms)
        return True

    def _summary(
        self,
        relevant: Mapping[str, frozenset[str]],
        stages: Mapping[str, Measured],
        encode_ms: Sequence[float],
    ) -> dict[str, object]:
        """Turn orders and times into the report of one kind of query."""
        if not relevant:
            return {}
        summary: dict[str, object] = {"encode_ms": percentiles(encode_ms)}
        for stage, measured in stages.items():
            if measured.orders:
                summary[stage] = {
                    **measures(relevant, self._found(measured)),
                    "latency_ms": percentiles(measured.elapsed_ms),
                }
        return summary

    def _by_change(
        self,
        changes: Mapping[str, str],
        relevant: Mapping[str, frozenset[str]],
        stages: Mapping[str, Measured],
    ) -> dict[str, dict[str, float]]:
        """Return the recall at 10 of each stage by what queries change."""
        report: dict[str, dict[str, float]] = {}
        for change in sorted(set(changes.values())):
            own = {q: skus for q, skus in relevant.items() if changes.get(q) == change}
            if own:
                report[change] = {
                    stage: measures(own, {q: found[q] for q in own})["recall_at_10"]
                    for stage, measured in stages.items()
                    if (found := self._found(measured))
                }
        return report

    def _found(self, measured: Measured) -> dict[str, list[str]]:
        """Return the skus that a stage found for each query."""
        return {q: [self.skus[i] for i in order] for q, order in measured.orders.items()}
