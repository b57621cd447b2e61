"""Checks of a new generation against the live one: its size, and what stands first in answers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
import sqlalchemy
from sqlalchemy import func, select

from search.database.connection import session_scope
from search.database.models import Product, SearchEvent
from search.engine.search_engine import SearchEngine
from search.index.generation_files import Generation
from search.index.perturbed_queries import perturbed_queries
from search.publication.checks.comparison_sides import Sides
from search.publication.checks.index_checks import answer, sampled_titles
from search.publication.checks.rehearsal_outcome import RehearsalCheck, judged
from search.ranking.stages import STAGES
from search.results import Ids, Query
from search.text.normalise_sql import normalised_sql

FIRST = 10
"""Places that are compared."""
DEPTH = 20
"""Places looked through for products that both generations hold."""
TITLES, PICTURES, ASKED = 25, 100, 15
ASKED_DAYS = 30
SEED = 62

Ask = Callable[[str], Sequence[int]]


@dataclass(slots=True)
class Overlap:
    """Shares of the first places that two generations have in common, by kind of query."""

    shares: dict[str, list[float]] = field(default_factory=dict)

    def add(self, kind: str, share: float | None) -> None:
        """Count a query; None where neither side found anything that both hold."""
        if share is not None:
            self.shares.setdefault(kind, []).append(share)

    @property
    def mean(self) -> float | None:
        """Over all queries; None without any."""
        every = [share for shares in self.shares.values() for share in shares]
        return float(np.mean(every)) if every else None

    def __str__(self) -> str:
        return ", ".join(
            f"{kind} {np.mean(shares):.2f} ({len(shares)})" for kind, shares in self.shares.items()
        )


def check_size(
    database: sqlalchemy.Engine, new: Generation, live: Generation, limit: float
) -> RehearsalCheck:
    """Few of the live one's products are gone, but for those that their catalogue withdrew.

    How many may be withdrawn is decided where catalogues are read. Were it decided here too, a
    few nights without a new index would keep all nights after them from having one.
    """
    before = np.unique(live.columns.product_id)
    now = np.unique(new.columns.product_id)
    gone = np.setdiff1d(before, now)
    on_sale = select(func.count()).select_from(Product)
    on_sale = on_sale.where(Product.id.in_(gone.tolist()), Product.retired_at.is_(None))
    with session_scope(database) as session:
        lost = session.scalars(on_sale).one()
    sentence = (
        f"{len(now):,} products after {len(before):,}; {len(gone) - lost:,} were withdrawn, "
        f"{lost:,} are on sale and gone."
    )
    return judged("size", lost / len(before), limit, sentence)


def check_overlap(sides: Sides, new: Generation, live: Generation, floor: float) -> RehearsalCheck:
    """What stood first mostly still does, among the products that both generations hold.

    A new model is meant to find other things: then the overlap is told and decides nothing.
    """
    common = np.intersect1d(new.columns.product_id, live.columns.product_id)
    found = Overlap()
    _compare_pictures(found, new, live, common)
    engines = sides.engine(new), sides.engine(live)
    if engines[0] is not None and engines[1] is not None:
        asks = _asking(engines[0], common), _asking(engines[1], common)
        for kind, texts in _texts(sides.database, common).items():
            for text in texts:
                found.add(kind, share_in_common(*(ask(text) for ask in asks)))
    if found.mean is None:
        return RehearsalCheck(
            "overlap", "skipped", "The two generations have nothing in common to ask for."
        )
    sentence = (
        f"The first {FIRST} products agree by {found.mean:.2f} with those of the live "
        f"generation: {found}."
    )
    if new.manifest.model_tag != live.manifest.model_tag:
        sentence += " Another model built it, so that is only told."
        return RehearsalCheck("overlap", "told", sentence, round(found.mean, 4), floor)
    return judged("overlap", found.mean, floor, sentence, at_least=True)


def share_in_common(ours: Sequence[int], theirs: Sequence[int]) -> float | None:
    """Return which share of the longer of two lists stands in both; None where both are empty."""
    longest = max(len(ours), len(theirs))
    return len(set(ours) & set(theirs)) / longest if longest else None


def _compare_pictures(found: Overlap, new: Generation, live: Generation, common: Ids) -> None:
    """Ask for pictures that both hold, seen again; by the index and the stored vectors alone."""
    shared = np.intersect1d(new.columns.image_id, live.columns.image_id)
    rng = np.random.default_rng(SEED)
    chosen = np.sort(rng.choice(shared, min(PICTURES, len(shared)), replace=False))
    lists = []
    for side in (new, live):
        order = np.argsort(side.columns.image_id)
        rows = order[np.searchsorted(side.columns.image_id, chosen, sorter=order)]
        queries = perturbed_queries(side.vectors[rows], np.random.default_rng(SEED))
        products = (side.columns.product_id[answer(side, query).rows] for query in queries)
        lists.append([first_of(each.tolist(), common) for each in products])
    for ours, theirs in zip(*lists, strict=True):
        found.add("pictures seen again", share_in_common(ours, theirs))


def first_of(products: Sequence[int], common: Ids) -> list[int]:
    """Return the first products that both generations hold, each once."""
    both = np.isin(products, common)
    kept = (product for product, wanted in zip(products, both, strict=True) if wanted)
    return list(dict.fromkeys(kept))[:FIRST]


def _asking(engine: SearchEngine, common: Ids) -> Ask:
    """Return what answers a text as searchers would be answered, without a cross-encoder."""

    def ask(text: str) -> Sequence[int]:
        query = Query(text=text, k=DEPTH, record=False, fold=False, stages=tuple(STAGES))
        return first_of([hit.product.product_id for hit in engine.search(query).hits], common)

    return ask


def _texts(database: sqlalchemy.Engine, common: Ids) -> dict[str, list[str]]:
    """Return titles of products that both hold, and what shoppers asked most of late."""
    since = datetime.now(UTC) - timedelta(days=ASKED_DAYS)
    asked = normalised_sql(SearchEvent.text)
    most = (
        select(asked)
        .where(SearchEvent.kind == "text", SearchEvent.page == 1, SearchEvent.created_at >= since)
        .where(SearchEvent.filters == {}, asked != "")
        .group_by(asked)
        .order_by(func.count().desc(), asked)
        .limit(ASKED)
    )
    with session_scope(database) as session:
        asked_most = [text for text in session.scalars(most) if text is not None]
    titles = sampled_titles(database, common, TITLES, SEED)
    return {"titles": titles, "texts asked": asked_most}
