"""Measures quality and speed of each stage of the query path on judged queries.

It also measures what each re-ranking stage is worth, by leaving the stage out, and how often the
verdict on an answer is right (`search.ranking.confidence`).
"""

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import sqlalchemy

from search.encoder import Encoder
from search.errors import UnusablePicture
from search.evaluation.judged_queries import Judged, split_by_kind
from search.evaluation.retrieval_measures import measures, percentiles
from search.index.generation_files import Generation
from search.pictures.decoding import decode_picture
from search.query.photo_and_text import Composer
from search.query.understanding import understand
from search.query.understood_query import UnderstoodQuery
from search.ranking.confidence import verdict
from search.ranking.rank_candidates import Ranked, rank
from search.ranking.stages import STAGES as RERANKING
from search.ranking.stages import Stage, group
from search.results import Candidates, Query, Vector, Verdict
from search.settings import Settings
from search.telemetry.step_timer import Stopwatch

STAGES = ("sum", "ann", "exact", "reranked")
DEPTH = 100
"""Products per answer that are measured; the reciprocal rank beyond is 0."""

Order = list[int]
"""Product ids, best first."""


@dataclass(slots=True)
class StageMeasured:
    """Orders and times of one stage over all queries of a kind."""

    orders: dict[str, Order] = field(default_factory=dict)
    elapsed_ms: list[float] = field(default_factory=list)

    def add(self, name: str, order: Order, elapsed_ms: float) -> None:
        """Note the answer to one query."""
        self.orders[name] = order
        self.elapsed_ms.append(elapsed_ms)


@dataclass(slots=True)
class KindMeasured:
    """The answers to all queries of a kind."""

    stages: dict[str, StageMeasured] = field(default_factory=lambda: defaultdict(StageMeasured))
    without: dict[str, StageMeasured] = field(default_factory=lambda: defaultdict(StageMeasured))
    """By re-ranking stage: the orders without it, and the time that it takes."""
    steps_ms: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    relevant: dict[str, frozenset[str]] = field(default_factory=dict)
    verdicts: dict[str, Verdict | None] = field(default_factory=dict)
    strangers: dict[str, Verdict | None] = field(default_factory=dict)
    """Verdicts on queries whose right answers are not in the catalogue."""
    unread: int = 0


def order_of(generation: Generation, found: Candidates) -> Order:
    """Return the products of candidates, best first, each by its best picture."""
    product_ids = generation.columns.product_id[found.rows]
    return [int(i) for i in group(product_ids, found.rows, found.similarities).product_ids[:DEPTH]]


def plain_sum(encoder: Encoder, query: Query) -> Vector:
    """Return the sum of the vectors of a photo and a text: the baseline of composed queries."""
    if query.photo is None:
        raise ValueError("a sum needs a photo and a text")
    both = encoder.encode_images([query.photo])[0] + encoder.encode_texts([query.text])[0]
    return np.asarray(both / np.linalg.norm(both), dtype=np.float32)


def timed(answer: Callable[[], Order]) -> tuple[Order, float]:
    """Return an answer and the milliseconds it took."""
    started = time.perf_counter()
    order = answer()
    return order, (time.perf_counter() - started) * 1000


@dataclass(frozen=True, slots=True)
class Evaluator:
    """Asks judged queries of one generation."""

    generation: Generation
    composer: Composer
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
            `{kind: {stage: {recall_at_1: …, latency_ms: {p50, p95}}, queries: n, …}}`. `left_out`
            counts queries that are not measured: their photo can't be read, or their right answers
            are not in the catalogue. `without` has the measures without each re-ranking stage, and
            the stage's time. `verdicts` says how often verdicts are right. Where queries say what
            they change, `changes` has the recall at 10 of each stage by change.
        """
        done = 0
        report: dict[str, dict[str, object]] = {}
        for kind, queries in split_by_kind(judged).items():
            asked = KindMeasured()
            for query in queries:
                self._ask(query, asked)
                done += 1
                if progress is not None:
                    progress(done, len(judged))
            report[kind] = {
                "queries": len(asked.relevant),
                "left_out": len(asked.strangers) + asked.unread,
                **self._summary(asked),
            }
            changes = {query.name: query.change for query in queries if query.change}
            if changes:
                report[kind]["changes"] = self._by_change(changes, asked)
        return report

    def answer(self, judged: Judged) -> list[str] | None:
        """Return the skus that one query finds, best first; None where its photo can't be read."""
        query = self._read(judged)
        if query is None:
            return None
        understood = understand(query, self.composer, self.generation, self.database)
        return [self.skus[i] for i in _order(self._rank(understood)) if i in self.skus]

    def _read(self, judged: Judged) -> Query | None:
        """Return a query with its photo; None where that can't be read."""
        try:
            photo = None
            if judged.photo is not None:
                photo = decode_picture(
                    judged.photo.read_bytes(), max_pixels=self.settings.max_image_pixels
                )
        except (OSError, UnusablePicture):
            return None
        return Query(photo=photo, text=judged.text)

    def _ask(self, judged: Judged, asked: KindMeasured) -> None:
        """Answer one query by every stage, without business rules and folding."""
        query, stopwatch = self._read(judged), Stopwatch()
        if query is None:
            asked.unread += 1
            return
        understood = understand(
            query, self.composer, self.generation, self.database, stopwatch=stopwatch
        )
        whole = self._rank(understood)
        found = verdict(
            understood, whole.ranking, self.generation.vectors, self.generation.manifest.thresholds
        )
        skus = judged.relevant(self.categories)
        if not skus:
            asked.strangers[judged.name] = found
            return
        asked.relevant[judged.name], asked.verdicts[judged.name] = skus, found
        for step, elapsed_ms in stopwatch.timings_ms.items():
            asked.steps_ms[step].append(elapsed_ms)
        self._measure(judged.name, query, understood, asked)

    def _measure(
        self, name: str, query: Query, understood: UnderstoodQuery, asked: KindMeasured
    ) -> None:
        """Note orders and times: index alone, exact search, all stages, all stages but one."""
        generation, vector, keep = self.generation, understood.vector, understood.keep
        n = self.settings.candidates
        answers: dict[str, Callable[[], Order]] = {
            "ann": lambda: order_of(generation, generation.candidates(vector, n, keep)),
            "exact": lambda: order_of(generation, generation.exact(vector, n, keep)),
            "reranked": lambda: _order(self._rank(understood)),
        }
        if query.kind == "both":
            summed = plain_sum(self.composer.encoder, query)
            answers["sum"] = lambda: order_of(generation, generation.exact(summed, n))
        for stage, answer in answers.items():
            asked.stages[stage].add(name, *timed(answer))
        stages_ms = self._rank(understood).stages_ms
        for left_out in self.reranking:
            order = _order(self._rank(understood, left_out))
            asked.without[left_out].add(name, order, stages_ms[left_out])

    def _rank(self, understood: UnderstoodQuery, left_out: str | None = None) -> Ranked:
        return rank(
            self.generation,
            understood,
            candidates=self.settings.candidates,
            stages=tuple(stage for stage in self.reranking if stage != left_out),
            available=self.reranking,
        )

    def _summary(self, asked: KindMeasured) -> dict[str, object]:
        """Turn orders and times into the report of one kind of query."""
        summary: dict[str, object] = {"verdicts": _judged_verdicts(asked, self._found)}
        if not asked.relevant:
            return summary
        for step, elapsed_ms in asked.steps_ms.items():
            summary[f"{step}_ms"] = percentiles(elapsed_ms)
        for stage in STAGES:
            if stage in asked.stages:
                summary[stage] = self._row(asked.stages[stage], asked)
        whole = asked.stages["reranked"].orders
        summary["without"] = {
            stage: self._row(measured, asked)
            for stage, measured in asked.without.items()
            if measured.orders != whole  # the stage moved something
        }
        return summary

    def _row(self, measured: StageMeasured, asked: KindMeasured) -> dict[str, object]:
        return {
            **measures(asked.relevant, self._found(measured)),
            "latency_ms": percentiles(measured.elapsed_ms),
        }

    def _by_change(
        self, changes: Mapping[str, str], asked: KindMeasured
    ) -> dict[str, dict[str, float]]:
        """Return the recall at 10 of each stage, by what the queries change."""
        report: dict[str, dict[str, float]] = {}
        for change in sorted(set(changes.values())):
            own = {q: skus for q, skus in asked.relevant.items() if changes.get(q) == change}
            if own:
                report[change] = {
                    stage: measures(own, {q: found[q] for q in own})["recall_at_10"]
                    for stage, measured in asked.stages.items()
                    if (found := self._found(measured))
                }
        return report

    def _found(self, measured: StageMeasured) -> dict[str, list[str]]:
        """Return the skus that a stage found for each query."""
        return {q: [self.skus[i] for i in order] for q, order in measured.orders.items()}


def _order(ranked: Ranked) -> Order:
    return [int(i) for i in ranked.ranking.product_ids[:DEPTH]]


def _judged_verdicts(
    asked: KindMeasured, found: Callable[[StageMeasured], Mapping[str, Sequence[str]]]
) -> dict[str, float | int]:
    """Return how often verdicts are right.

    Returns:
        Of queries with a right answer: `missed`, the share with the verdict `nothing`; `same`, the
        share with the verdict `same`; `same_right`, the share of the latter with a right product
        first. `strangers`: how many queries have no right answer; `false_alarms`: the share of
        these with the verdict `same` or `close`. Only `strangers` where the catalogue is too small
        to be calibrated.
    """
    if None in asked.verdicts.values() or None in asked.strangers.values():
        return {"strangers": len(asked.strangers)}
    orders = found(asked.stages["reranked"]) if asked.relevant else {}
    same = [q for q, called in asked.verdicts.items() if called == "same"]
    right = [orders[q][0] in asked.relevant[q] for q in same if orders[q]]
    alarms = [called in ("same", "close") for called in asked.strangers.values()]
    shares = {
        "missed": [called == "nothing" for called in asked.verdicts.values()],
        "same": [called == "same" for called in asked.verdicts.values()],
        "same_right": right,
        "false_alarms": alarms,
    }
    means = {name: round(float(np.mean(share)), 4) for name, share in shares.items() if share}
    return {**means, "strangers": len(alarms)}
