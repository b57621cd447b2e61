"""An answer: all that was found in its order, and the page of it that is shown."""

from dataclasses import dataclass, replace

import numpy as np
import sqlalchemy
from sqlalchemy.orm import Session

from search.catalogue.product_cards import hydrate
from search.database.connection import answer_from
from search.index.generation_files import Generation
from search.query.understood_query import UnderstoodQuery
from search.ranking.confidence import verdict
from search.ranking.explanations import reasons
from search.ranking.facets import facets, price_range
from search.ranking.price_order import sorted_as
from search.ranking.rank_candidates import Ranked
from search.ranking.stages.folding import Folded, fold
from search.results import Query, SearchHit, SearchPage, Verdict
from search.telemetry.step_timer import Stopwatch
from search.traffic.search_events import record_search


@dataclass(frozen=True, slots=True)
class RankedAnswer:
    """A whole order of products, and what was asked for it."""

    generation: Generation
    ranked: Ranked
    query: Query
    kind: str  # `photo`, `text`, `both` or `similar`
    text: str  # the words, or the sku to be resembled
    stopwatch: Stopwatch
    understood: UnderstoodQuery | None = None  # None: the product is not indexed


def show(answer: RankedAnswer, database: sqlalchemy.Engine) -> SearchPage:
    """Return the page that was asked for, hydrated and, where the query wants it, recorded."""
    generation, query, stopwatch = answer.generation, answer.query, answer.stopwatch
    found, understood = answer.ranked.ranking, answer.understood
    photo = understood.photo if understood is not None else None
    folded = fold(generation.columns, found) if query.fold else Folded(found, {})
    ordered = sorted_as(folded.ranking, generation.columns, query.sort)
    folded = replace(folded, ranking=ordered)

    def shown(session: Session) -> SearchPage:
        with stopwatch.step("hydrate"):
            hits = _hits(session, answer, folded)
        page = SearchPage(
            hits=hits,
            total=len(folded.ranking),
            page=query.page,
            k=query.k,
            kind=answer.kind,
            generation_id=generation.id,
            model_tag=generation.manifest.model_tag,
            facets=facets(generation, found),
            prices_cents=price_range(generation, found),
            timings_ms=stopwatch.timings_ms,
            corrections=understood.lexical.corrections if understood is not None else (),
            verdict=_verdict(answer),
            regions=photo.regions if photo is not None else (),
            looked_at=photo.box if photo is not None else None,
        )
        if not query.record:
            return page
        event = record_search(
            session, page, kind=answer.kind, text=answer.text, filters=query.filters
        )
        return replace(page, event_id=event)

    return answer_from(database, shown)


def place_of(
    answer: RankedAnswer, product_id: int, database: sqlalchemy.Engine
) -> SearchHit | None:
    """Return one product as a hit of an answer, unfolded; None where it was not found."""
    found = answer.ranked.ranking
    at = np.flatnonzero(found.product_ids == product_id)
    if len(at) == 0:
        return None
    alone = replace(answer, query=replace(answer.query, k=1, page=int(at[0]) + 1, fold=False))
    return answer_from(
        database, lambda session: next(iter(_hits(session, alone, Folded(found, {}))), None)
    )


def _verdict(answer: RankedAnswer) -> Verdict | None:
    generation = answer.generation
    if answer.understood is None:
        return None
    return verdict(
        answer.understood,
        answer.ranked.ranking,
        generation.vectors,
        generation.manifest.thresholds,
    )


def _hits(session: Session, answer: RankedAnswer, folded: Folded) -> tuple[SearchHit, ...]:
    """Return the hits of the page asked for, with their variants."""
    columns, query = answer.generation.columns, answer.query
    first = (query.page - 1) * query.k
    shown = folded.ranking.take(np.arange(len(folded.ranking))[first : first + query.k])
    ids = shown.product_ids.tolist()
    below = [other for head in ids for other in folded.variants.get(head, ())]
    cards = {card.product_id: card for card in hydrate(session, [*ids, *below])}
    understood = answer.understood
    why = reasons(understood, answer.generation, shown, cards) if understood is not None else {}
    return tuple(
        SearchHit(
            product=cards[product],
            image_id=int(columns.image_id[shown.rows[i]]),
            similarity=float(shown.similarities[i]),
            rank=first + i + 1,
            moves=answer.ranked.moves.get(product, ()),
            why=why.get(product, ()),
            variants=tuple(cards[o] for o in folded.variants.get(product, ()) if o in cards),
        )
        for i, product in enumerate(ids)
        if product in cards
    )
