"""The query path in reading order: words, encode, candidates, rescore, re-rank, group, hydrate."""

from collections.abc import Mapping
from copy import copy
from dataclasses import replace
from typing import Self

import numpy as np
import sqlalchemy
import structlog

from search.catalogue.product_cards import hydrate, product_by_sku
from search.database.connection import answer_from, open_database
from search.engine.configured_stages import configured_stages
from search.engine.result_page import RankedAnswer, place_of, show
from search.errors import DamagedGeneration, ModelMismatch, NoGeneration
from search.index.generation_files import Generation
from search.live.answering_generation import Generations, HeldGeneration
from search.live.generation_loader import LiveGenerations
from search.live.model_pairing import ModelPairing, ServedGeneration
from search.query.regions import load_proposer
from search.query.understanding import check, check_paging, understand
from search.query.understood_query import UnderstoodQuery
from search.ranking.rank_candidates import Ranked, rank
from search.ranking.stages import STAGES, Ranking, Stage
from search.results import Filters, Ids, ProductCard, Query, SearchHit, SearchPage, Sort
from search.rules.rule_set import RuleSet
from search.rules.rule_store import RuleBook
from search.settings import Settings, load_settings
from search.telemetry.step_timer import Stopwatch

log = structlog.get_logger()


class SearchEngine:
    """Answers queries from the live generation. Safe to share between threads.

    Args:
        database: Where products and events are.
        live: Hands out the generation that answers, with the model that built it.
        settings: How many candidates, and where state is.
        stages: Re-ranking stages by name, in order.
    """

    def __init__(
        self,
        database: sqlalchemy.Engine,
        live: Generations,
        settings: Settings,
        stages: Mapping[str, Stage] = STAGES,
    ) -> None:
        self.database, self.live, self.settings = database, live, settings
        self.stages = stages
        self.rules = RuleBook(database, settings.out_of_stock, refresh_s=settings.refresh_s)

    def of_one_generation(self) -> Self:
        """Return this engine for one request: all of its answers come from one generation.

        That is the one which is live at the first question. Close this engine, not the returned
        one: they share everything else.
        """
        held = copy(self)
        held.live = HeldGeneration(self.live)
        return held

    def search(self, query: Query, *, rules: RuleSet | None = None) -> SearchPage:
        """Return one page of products that look like the photo or fit the text.

        Args:
            query: What is asked.
            rules: Business rules to answer by; None: those in force.

        Raises:
            UnusableQuery: nothing asked for, or a value out of range.
            NoGeneration: nothing is published yet.
            ModelMismatch: the model's files were changed since it built the live index.
        """
        rules = rules or self.rules.for_stages(query.stages)
        page = show(self._answer_to(query, rules), self.database)
        elsewhere = rules.redirect(query.text, with_photo=query.photo is not None)
        return replace(page, redirect=elsewhere)

    def redirect(self, text: str, *, with_photo: bool) -> str | None:
        """Return where the shop sends who asks for this; None where it is searched for."""
        return self.rules.current().redirect(text, with_photo=with_photo)

    def explain(self, sku: str, query: Query) -> SearchHit | None:
        """Return a product as a hit of a query: why it is there; None where it was not found.

        Nothing is recorded. Its rank is that of the order without folding.

        Raises:
            UnknownProduct: no product has this sku.
            UnusableQuery: nothing asked for, or a value out of range.
            NoGeneration: nothing is published yet.
            ModelMismatch: the model's files were changed since it built the live index.
        """
        product = self.product(sku)
        answer = self._answer_to(query, self.rules.for_stages(query.stages))
        return place_of(answer, product.product_id, self.database)

    def _answer_to(self, query: Query, rules: RuleSet) -> RankedAnswer:
        """Return all that a query finds, in its order."""
        check(query)
        served = self.answering()
        stopwatch = Stopwatch()
        read = replace(query, text=rules.apply_synonyms(query.text))
        understood = understand(
            read, served.composer, served.generation, self.database, stopwatch=stopwatch
        )
        understood = rules.apply(understood, typed=query.text)
        asked = query.kind, query.text
        return self._ranked(served.generation, understood, query, asked, stopwatch)

    def similar(
        self,
        sku: str,
        *,
        filters: Filters | None = None,
        k: int = 24,
        page: int = 1,
        fold: bool = True,
        record: bool = True,
        sort: Sort = "relevance",
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
        query = Query(
            filters=filters or Filters(), k=k, page=page, fold=fold, record=record, sort=sort
        )
        stopwatch = Stopwatch()
        if len(rows) == 0:
            empty = np.empty(0, np.int64)
            none = np.empty(0, np.float32)
            nothing = Ranked(Ranking(empty, empty, none, none), {})
            return show(
                RankedAnswer(generation, nothing, query, "similar", sku, stopwatch), self.database
            )
        understood = self.rules.current().apply(_resembling(generation, rows, query))
        answer = self._ranked(generation, understood, query, ("similar", sku), stopwatch)
        return show(answer, self.database)

    def _ranked(
        self,
        generation: Generation,
        understood: UnderstoodQuery,
        query: Query,
        asked: tuple[str, str],
        stopwatch: Stopwatch,
    ) -> RankedAnswer:
        """Return the whole order; `asked` is its kind and words for the record."""
        ranked = rank(
            generation,
            understood,
            candidates=self.settings.candidates,
            available=self.stages,
            stages=query.stages,
            stopwatch=stopwatch,
        )
        return RankedAnswer(generation, ranked, query, *asked, stopwatch, understood)

    def product(self, sku: str) -> ProductCard:
        """Return one product.

        Raises:
            UnknownProduct: no product has this sku.
        """
        return answer_from(self.database, lambda session: product_by_sku(session, sku))

    def variants(self, product: ProductCard) -> tuple[ProductCard, ...]:
        """Return the other variants of a product, such as other colours of it.

        Raises:
            NoGeneration: nothing is published yet.
            ModelMismatch: the model's files were changed since it built the live index.
        """
        columns = self.generation().columns
        rows = np.flatnonzero(columns.product_id == product.product_id)
        family = columns.product_id[np.isin(columns.variant, columns.variant[rows])]
        others = np.setdiff1d(family, [product.product_id])
        return answer_from(self.database, lambda session: tuple(hydrate(session, others.tolist())))

    def answering(self) -> ServedGeneration:
        """Return the live generation with its model, for one request from its start to its end.

        Raises:
            NoGeneration: nothing is published yet.
            ModelMismatch: the model's files were changed since it built the generation.
        """
        return self.live.answering()

    def generation(self) -> Generation:
        """Return the live generation; errors as in `answering`."""
        return self.answering().generation

    def status(self) -> dict[str, int | str]:
        """Say which generation answers, and with which model; errors as in `answering`."""
        generation = self.generation()
        return {
            "generation_id": generation.id,
            "model_tag": generation.manifest.model_tag,
            "vectors": len(generation.vectors),
        }

    def warm_up(self) -> None:
        """Show the model a picture, so that the first shopper does not wait until it is ready.

        Raises:
            ModelUnavailable: it can't be loaded. What else is missing may yet come: see `live`.
        """
        try:
            self.answering().warm_up()
        except (NoGeneration, DamagedGeneration, ModelMismatch) as error:
            log.warning("not_ready", error=str(error))

    def close(self) -> None:
        """Stop watching for new generations and release connections."""
        self.live.close()
        self.database.dispose()


def _resembling(generation: Generation, rows: Ids, query: Query) -> UnderstoodQuery:
    """Return the query for products that look like the one that has these rows."""
    columns = generation.columns
    mean = np.asarray(generation.vectors[rows], dtype=np.float32).mean(axis=0)
    others = columns.product_id != columns.product_id[rows[0]]
    if query.fold:
        others = columns.variant != columns.variant[rows[0]]
    keep = columns.mask(query.filters) & others
    return UnderstoodQuery(vector=mean / np.linalg.norm(mean), kind="similar", keep=keep)


def open_search_engine(settings: Settings | None = None) -> SearchEngine:
    """Open the database and the live generation with its model, as a web process needs them.

    Raises:
        DatabaseUnavailable: PostgreSQL does not answer.
        ModelUnavailable: the cross-encoder or the detector can't be loaded.
    """
    settings = settings or load_settings()
    database = open_database(settings, application_name="findalike-search")
    stages = configured_stages(settings, database)
    pairing = ModelPairing(settings, load_proposer(settings.regions, settings.device))
    live = LiveGenerations(database, settings.root, settings.refresh_s, pairing)
    return SearchEngine(database, live, settings, stages)
