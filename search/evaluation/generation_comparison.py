"""Compares two generations, of one model or of two: which of them finds the right products?

Both answer the same queries: judged queries where there are some, the saved descriptions, and
titles of products. Answers to titles show how much shoppers would notice. One side answers
everything before the other is loaded, so that no two models are in memory. Nothing is published or
recorded.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
import sqlalchemy
from scipy.stats import binomtest
from sqlalchemy import select

from search.database.connection import session_scope
from search.database.models import Product
from search.engine.configured_stages import configured_stages
from search.engine.search_engine import SearchEngine
from search.evaluation.evaluator import Evaluator
from search.evaluation.judged_queries import Judged, split_by_kind
from search.evaluation.retrieval_measures import measures, measures_by_query
from search.live.answering_generation import OneGeneration
from search.live.model_pairing import ModelPairing, ServedGeneration
from search.live.stored_generations import load_kept
from search.merchandising.regression_suite import DescriptionOutcome, compare_all, run_suite, totals
from search.merchandising.saved_descriptions import list_saved
from search.merchandising.suite_runs import answers_of
from search.query.regions import load_proposer
from search.results import Query
from search.settings import Settings

FIRST = 10
"""Places of a title's answer that are compared."""
TITLES = 100
SEED = 41
DECIDES = "ndcg_at_10"
"""The measure that decides which side answers a query better."""
BY_CHANCE = 0.05
"""A side is better if equal sides would differ this much less often than this."""

Which = Literal["first", "second", "neither"]
Progress = Callable[[int, int, int], None]
"""Called with a generation, how many queries it has answered, and how many there are."""


@dataclass(frozen=True, slots=True)
class ComparedGeneration:
    """One of the two generations."""

    generation: int
    model: str  # the FINDALIKE_MODEL that loads it
    model_tag: str
    dim: int
    products: int
    stored_bytes: int


@dataclass(frozen=True, slots=True)
class JudgedPair:
    """How both sides answered the judged queries of one kind."""

    queries: int
    unread: int  # left out: no photo can be read, or no right answer is in the catalogue
    first: dict[str, float]  # mean measures, see `search.evaluation.retrieval_measures`
    second: dict[str, float]
    better: int  # queries that the second answers better
    worse: int
    chance: float  # how often equal sides would differ this much, by a sign test
    winner: Which


@dataclass(frozen=True, slots=True)
class SuitePair:
    """How both sides answered the saved descriptions."""

    first: dict[str, Any]  # see `search.merchandising.regression_suite.Totals`
    second: dict[str, Any]
    better: int  # descriptions that the second answers better
    worse: int
    mixed: int
    chance: float
    winner: Which


@dataclass(frozen=True, slots=True)
class GenerationComparison:
    """The comparison of two generations."""

    first: ComparedGeneration
    second: ComparedGeneration
    judged: dict[str, JudgedPair]  # by kind: photo, text, both
    suite: SuitePair | None  # None: no saved description has marks
    titles: int  # how many were asked
    overlap: float | None  # mean share of common products in the first 10; None: no title

    @property
    def winner(self) -> Which:
        """The side that wins something where the other wins nothing."""
        winners = {pair.winner for pair in self.judged.values()}
        if self.suite is not None:
            winners.add(self.suite.winner)
        winners.discard("neither")
        return winners.pop() if len(winners) == 1 else "neither"


@dataclass(slots=True)
class _Answers:
    """What one side answered."""

    side: ComparedGeneration
    judged: dict[str, list[str] | None] = field(default_factory=dict)  # query: skus, best first
    suite: list[DescriptionOutcome] = field(default_factory=list)
    titles: list[list[int]] = field(default_factory=list)  # products at the first places


@dataclass(frozen=True, slots=True)
class Comparer:
    """Asks generations of one catalogue.

    Args:
        database: The catalogue, the rules and the saved descriptions.
        settings: As the searchers have them.
        judged: Queries that say what they should find.
    """

    database: sqlalchemy.Engine
    settings: Settings
    judged: Sequence[Judged] = ()

    def compare(
        self, first: int, second: int, progress: Progress | None = None
    ) -> GenerationComparison:
        """Compare two generations that are stored.

        Raises:
            UnknownGeneration: one is not stored.
            DamagedGeneration: the files of one can't be read.
            ModelUnavailable: the model of one can't be loaded.
            ModelMismatch: that model's files were changed since.
        """
        titles = self._titles(first, second)
        ours = self._ask(first, titles, progress)
        theirs = self._ask(second, titles, progress)
        with session_scope(self.database) as session:
            active = select(Product.sku, Product.category).where(Product.retired_at.is_(None))
            categories = {row.sku: row.category for row in session.execute(active)}
        shares = [
            len(set(a) & set(b)) / max(len(a), len(b))
            for a, b in zip(ours.titles, theirs.titles, strict=True)
            if a or b
        ]
        return GenerationComparison(
            first=ours.side,
            second=theirs.side,
            judged={
                kind: judged_pair(queries, categories, ours.judged, theirs.judged)
                for kind, queries in split_by_kind(self.judged).items()
            },
            suite=suite_pair(ours.suite, theirs.suite) if ours.suite else None,
            titles=len(titles),
            overlap=round(float(np.mean(shares)), 4) if shares else None,
        )

    def _titles(self, first: int, second: int) -> list[str]:
        """Return titles of products that both hold; the same titles every time."""
        kept = [load_kept(self.database, self.settings.root, each) for each in (first, second)]
        common = np.intersect1d(kept[0].columns.product_id, kept[1].columns.product_id)
        rng = np.random.default_rng(SEED)
        chosen = rng.choice(common, min(TITLES, len(common)), replace=False).tolist()
        with session_scope(self.database) as session:
            titles = select(Product.title).where(Product.id.in_(chosen)).order_by(Product.id)
            return list(dict.fromkeys(session.scalars(titles)))

    def _ask(self, number: int, titles: Sequence[str], progress: Progress | None) -> _Answers:
        """Ask one generation everything."""
        settings = self.settings
        proposer = load_proposer(settings.regions, settings.device)
        kept = load_kept(self.database, settings.root, number)
        answering = ModelPairing(settings, proposer).of(kept)
        stages = configured_stages(settings, self.database)
        engine = SearchEngine(self.database, OneGeneration(answering), settings, stages)
        with session_scope(self.database) as session:
            saved = [each for each in list_saved(session) if each.marks]
        answers, evaluator = _Answers(_side(answering)), self._evaluator(answering, engine)
        done, total = 0, len(self.judged) + len(saved) + len(titles)

        def tell() -> None:
            nonlocal done
            done += 1
            if progress is not None:
                progress(number, done, total)

        for judged in self.judged:
            answers.judged[judged.name] = evaluator.answer(judged)
            tell()
        for each in saved:
            answers.suite += run_suite([each], answers_of(engine))
            tell()
        for title in titles:
            page = engine.search(Query(text=title, k=FIRST, fold=False, record=False))
            answers.titles.append([hit.product.product_id for hit in page.hits])
            tell()
        return answers

    def _evaluator(self, answering: ServedGeneration, engine: SearchEngine) -> Evaluator:
        with session_scope(self.database) as session:
            rows = session.execute(select(Product.id, Product.sku))
            skus = {row.id: row.sku for row in rows}
        return Evaluator(
            generation=answering.generation,
            composer=answering.composer,
            settings=self.settings,
            database=self.database,
            skus=skus,
            categories={},
            reranking=engine.stages,
        )


def judged_pair(
    queries: Sequence[Judged],
    categories: Mapping[str, str | None],
    first: Mapping[str, list[str] | None],
    second: Mapping[str, list[str] | None],
) -> JudgedPair:
    """Compare the answers to judged queries of one kind.

    Args:
        queries: What was asked.
        categories: Of all products, by sku.
        first: The skus found, by the name of the query; None: it could not be asked.
        second: The same for the other side.
    """
    relevant, ours, theirs = {}, {}, {}
    for query in queries:
        a, b, skus = first[query.name], second[query.name], query.relevant(categories)
        if a is not None and b is not None and skus:
            relevant[query.name], ours[query.name], theirs[query.name] = skus, a, b
    if not relevant:
        return JudgedPair(0, len(queries), {}, {}, 0, 0, 1.0, "neither")
    before, now = measures_by_query(relevant, ours), measures_by_query(relevant, theirs)
    steps = [now[query][DECIDES] - before[query][DECIDES] for query in relevant]
    better, worse = sum(step > 0 for step in steps), sum(step < 0 for step in steps)
    chance, winner = decide(better, worse)
    return JudgedPair(
        queries=len(relevant),
        unread=len(queries) - len(relevant),
        first=measures(relevant, ours),
        second=measures(relevant, theirs),
        better=better,
        worse=worse,
        chance=chance,
        winner=winner,
    )


def suite_pair(
    first: Sequence[DescriptionOutcome], second: Sequence[DescriptionOutcome]
) -> SuitePair:
    """Compare the answers to the saved descriptions."""
    changes = list(compare_all(second, first).values())
    better, worse, mixed = (changes.count(what) for what in ("better", "worse", "mixed"))
    chance, winner = decide(better, worse)
    return SuitePair(
        _totals(first), _totals(second), better, worse, mixed, chance=chance, winner=winner
    )


def decide(better: int, worse: int) -> tuple[float, Which]:
    """Return how often equal sides would differ this much, and which side is better.

    This is the sign test (Dixon & Mood 1946). Queries that both answer equally well don't count.
    """
    if better == worse:
        return 1.0, "neither"
    chance = round(float(binomtest(better, better + worse).pvalue), 4)
    if chance >= BY_CHANCE:
        return chance, "neither"
    return chance, "second" if better > worse else "first"


def _totals(outcomes: Sequence[DescriptionOutcome]) -> dict[str, Any]:
    return asdict(totals(outcomes))


def _side(answering: ServedGeneration) -> ComparedGeneration:
    manifest = answering.generation.manifest
    return ComparedGeneration(
        generation=answering.generation.id,
        model=manifest.model,
        model_tag=manifest.model_tag,
        dim=manifest.dim,
        products=manifest.products,
        stored_bytes=sum(file.bytes for file in manifest.files.values()),
    )
