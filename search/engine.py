"""The query path in reading order: words, encode, candidates, rescore, re-rank, group, hydrate."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import sqlalchemy
from sqlalchemy.orm import Session

from search.catalogue import hydrate, product_by_sku
from search.composer import Composer
from search.configured_stages import configured_stages
from search.db import open_database, session_scope
from search.encoder import Encoder, load_encoder
from search.errors import ModelMismatch
from search.events import record_search
from search.generation import Generation
from search.live import LiveGenerations
from search.query import check, check_paging, understand
from search.question import Question
from search.ranking import Ranked, facets, rank
from search.regions import RegionProposer, load_proposer
from search.results import Filters, ProductCard, Query, SearchHit, SearchPage, Verdict
from search.rulebook import RuleBook
from search.ruleset import RuleSet
from search.settings import Settings, load_settings
from search.stages import STAGES, Ranking, Stage
from search.stages.folding import Folded, fold
from search.stopwatch import Stopwatch
from search.verdict import verdict
from search.vocabulary import load_vocabulary
from search.why import reasons


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole order of products, and what was asked for it."""

    generation: Generation
    ranked: Ranked
    query: Query
    kind: str  # `photo`, `text`, `both` or `similar`
    text: str  # the words, or the sku to be resembled
    watch: Stopwatch
    question: Question | None = None  # None: nothing was looked for


class SearchEngine:
    """Answers queries from the live generation. Safe to share between threads.

    Args:
        database: Where products and events are.
        live: Hands out the live generation.
        encoder: The model that turns queries into vectors.
        settings: How many candidates, and where state is.
        stages: Re-ranking stages by name, in order.
        proposer: Finds the things in a photo; None: the encoder.
    """

    def __init__(
        self,
        database: sqlalchemy.Engine,
        live: LiveGenerations,
        encoder: Encoder,
        settings: Settings,
        stages: Mapping[str, Stage] = STAGES,
        proposer: RegionProposer | None = None,
    ) -> None:
        self.database, self.live, self.encoder, self.settings = database, live, encoder, settings
        self.stages = stages
        self.rules = RuleBook(database, settings.out_of_stock, refresh_s=settings.refresh_s)
        self.composer = Composer(encoder, load_vocabulary(settings.vocabulary), proposer)

    def search(self, query: Query, *, rules: RuleSet | None = None) -> SearchPage:
        """Return one page of products that look like the photo or fit the text.

        Args:
            query: What is asked.
            rules: Business rules to answer by; None: those in force.

        Raises:
            UnusableQuery: nothing asked for, or a value out of range.
            NoGeneration: nothing is published yet.
            ModelMismatch: the live index was built by another model.
        """
        check(query)
        generation = self.generation()
        watch = Stopwatch()
        rules = rules or self.rules.of_stages(query.stages)
        read = replace(query, text=rules.read_as(query.text))
        understood = understand(read, self.composer, generation, self.database, watch=watch)
        question = rules.apply(understood, typed=query.text)
        ranked = rank(
            generation,
            question,
            candidates=self.settings.candidates,
            known=self.stages,
            stages=query.stages,
            watch=watch,
        )
        page = self._page(
            Answer(generation, ranked, query, query.kind, query.text, watch, question)
        )
        return (
            page if query.photo is not None else replace(page, redirect=rules.redirect(query.text))
        )

    def similar(
        self,
        sku: str,
        *,
        filters: Filters | None = None,
        k: int = 24,
        page: int = 1,
        fold: bool = True,
        record: bool = True,
    ) -> SearchPage:
        """Return products that look like this one, itself left out, and its variants with `fold`.

        A product that is in the catalogue but not yet indexed has nothing similar: the page
        is empty.

        Raises:
            UnknownProduct: no product has this sku.
            UnusableQuery: `k` or `page` is out of range.
            NoGeneration: nothing is published yet.
        """
        check_paging(k, page)
        generation = self.generation()
        product = self.product(sku)
        rows = np.flatnonzero(generation.columns.product_id == product.product_id)
        query = Query(filters=filters or Filters(), k=k, page=page, fold=fold, record=record)
        watch = Stopwatch()
        if len(rows) == 0:
            empty = np.empty(0, np.int64)
            none = np.empty(0, np.float32)
            nothing = Ranked(Ranking(empty, empty, none, none), {})
            return self._page(Answer(generation, nothing, query, "similar", sku, watch))
        mean = np.asarray(generation.vectors[rows], dtype=np.float32).mean(axis=0)
        columns = generation.columns
        others = columns.product_id != product.product_id
        if fold:
            others = columns.variant != columns.variant[rows[0]]
        question = self.rules.current().apply(
            Question(
                vector=mean / np.linalg.norm(mean),
                kind="similar",
                keep=columns.mask(query.filters) & others,
            )
        )
        ranked = rank(
            generation,
            question,
            candidates=self.settings.candidates,
            known=self.stages,
            watch=watch,
        )
        return self._page(Answer(generation, ranked, query, "similar", sku, watch, question))

    def product(self, sku: str) -> ProductCard:
        """Return one product.

        Raises:
            UnknownProduct: no product has this sku.
        """
        with session_scope(self.database) as session:
            return product_by_sku(session, sku)

    def variants(self, product: ProductCard) -> tuple[ProductCard, ...]:
        """Return the other variants of a product, such as other colours of it.

        Raises:
            NoGeneration: nothing is published yet.
            ModelMismatch: the live index was built by another model.
        """
        columns = self.generation().columns
        rows = np.flatnonzero(columns.product_id == product.product_id)
        family = columns.product_id[np.isin(columns.variant, columns.variant[rows])]
        others = np.setdiff1d(family, [product.product_id])
        with session_scope(self.database) as session:
            return tuple(hydrate(session, others.tolist()))

    def generation(self) -> Generation:
        """Return the live generation.

        Raises:
            NoGeneration: nothing is published yet.
            ModelMismatch: it was built by another model.
        """
        generation = self.live.current()
        if generation.manifest.model_tag != self.encoder.tag:
            raise ModelMismatch(generation.manifest.model_tag, self.encoder.tag)
        return generation

    def status(self) -> dict[str, int | str]:
        """Say which generation answers, and with which model.

        Raises:
            NoGeneration: nothing is published yet.
            ModelMismatch: the live index was built by another model.
        """
        generation = self.generation()
        return {
            "generation_id": generation.id,
            "model_tag": self.encoder.tag,
            "vectors": len(generation.vectors),
        }

    def close(self) -> None:
        """Stop watching for new generations and release connections."""
        self.live.close()
        self.database.dispose()

    def _page(self, answer: Answer) -> SearchPage:
        """Cut one page out of an order, hydrate it and record that it was shown, where asked to."""
        generation, query, watch = answer.generation, answer.query, answer.watch
        found, question = answer.ranked.ranking, answer.question
        looked = question.looked if question is not None else None
        folded = fold(generation.columns, found) if query.fold else Folded(found, {})
        with session_scope(self.database) as session:
            with watch.step("hydrate"):
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
                timings_ms=watch.timings_ms,
                corrections=question.lexical.corrections if question is not None else (),
                verdict=_verdict(answer),
                regions=looked.regions if looked is not None else (),
                looked_at=looked.at if looked is not None else None,
            )
            if not query.record:
                return page
            event = record_search(
                session, page, kind=answer.kind, text=answer.text, filters=query.filters
            )
        return replace(page, event_id=event)


def _verdict(answer: Answer) -> Verdict | None:
    generation = answer.generation
    if answer.question is None:
        return None
    return verdict(
        answer.question,
        answer.ranked.ranking,
        generation.vectors,
        generation.manifest.thresholds,
    )


def _hits(session: Session, answer: Answer, folded: Folded) -> tuple[SearchHit, ...]:
    """Return the hits of the page asked for, with their variants."""
    columns, query = answer.generation.columns, answer.query
    first = (query.page - 1) * query.k
    shown = folded.ranking.take(np.arange(len(folded.ranking))[first : first + query.k])
    ids = shown.product_ids.tolist()
    below = [other for head in ids for other in folded.variants.get(head, ())]
    cards = {card.product_id: card for card in hydrate(session, [*ids, *below])}
    question = answer.question
    why = reasons(question, answer.generation, shown, cards) if question is not None else {}
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


def open_search_engine(settings: Settings | None = None) -> SearchEngine:
    """Open the database, the model and the live generation, as a web process needs them.

    Raises:
        DatabaseUnavailable: PostgreSQL does not answer.
        ModelUnavailable: the encoder, the cross-encoder or the detector can't be loaded.
    """
    settings = settings or load_settings()
    database = open_database(settings, application_name="findalike-search")
    encoder = load_encoder(settings.model, settings.device)
    live = LiveGenerations(database, settings.root, settings.refresh_s)
    stages = configured_stages(settings, database)
    proposer = load_proposer(settings.regions, settings.device)
    return SearchEngine(database, live, encoder, settings, stages, proposer)
