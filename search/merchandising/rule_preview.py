"""Previews: what adding or removing a rule would do to the answer to a query.

The change is tried on a copy of the rules. Live answers never see it, and nothing is recorded.
"""

from dataclasses import dataclass
from typing import Literal

from search.database.connection import session_scope
from search.engine.search_engine import SearchEngine
from search.results import Query, SearchHit
from search.rules.rule import BusinessRule
from search.rules.rule_set import ResolvedRule, RuleSet
from search.rules.rule_store import find_rule, read_rules, resolve_product

SHOWN = 12
LOOKED_AT = 100
"""Hits in which a product's place on the other side is looked for."""

Move = Literal["same", "up", "down", "new"]


@dataclass(frozen=True, slots=True)
class Place:
    """A hit on one side of a preview, and its rank on the other."""

    hit: SearchHit
    other_rank: int | None  # None: not among the hits looked at

    @property
    def move(self) -> Move:
        """How the hit came to its place, seen from the side after the change."""
        if self.other_rank is None:
            return "new"
        if self.other_rank == self.hit.rank:
            return "same"
        return "up" if self.other_rank > self.hit.rank else "down"


@dataclass(frozen=True, slots=True)
class PreviewSide:
    """An answer with or without the change."""

    places: tuple[Place, ...]
    read_as: str | None  # the text after synonyms; None: as typed
    redirect: str | None


@dataclass(frozen=True, slots=True)
class Preview:
    """The first hits of a query before and after a change."""

    text: str
    before: PreviewSide
    after: PreviewSide

    @property
    def changes(self) -> bool:
        """Whether anything that is shown differs."""
        ids = [[p.hit.product.product_id for p in s.places] for s in (self.before, self.after)]
        return ids[0] != ids[1] or self.before.redirect != self.after.redirect


def preview_adding(engine: SearchEngine, text: str, draft: BusinessRule) -> Preview:
    """Return a query's answers without and with a draft, whatever the dates of the draft.

    Raises:
        UnknownProduct: no product has its sku.
        UnusableQuery: the query can't be asked.
        NoGeneration: nothing is published yet.
    """
    with session_scope(engine.database) as session:
        rules = read_rules(session, engine.rules.out_of_stock)
        resolved = resolve_product(session, draft)
    return _preview(engine, text, rules, rules.with_draft(resolved))


def preview_removing(engine: SearchEngine, text: str, rule_id: int) -> Preview:
    """Return a query's answers with a rule, whatever its dates, and without it.

    Raises:
        UnknownRule: there is no such rule.
        UnusableQuery: the query can't be asked.
        NoGeneration: nothing is published yet.
    """
    with session_scope(engine.database) as session:
        rule = find_rule(session, rule_id)
        rules = read_rules(session, engine.rules.out_of_stock)
    others = rules.without_rule(rule_id)
    product_id = next(r.product_id for r in rules.resolved if r.rule.id == rule_id)
    return _preview(engine, text, others.with_draft(ResolvedRule(rule, product_id)), others)


def _preview(engine: SearchEngine, text: str, before: RuleSet, after: RuleSet) -> Preview:
    engine = engine.of_one_generation()
    query = Query(text=text, k=LOOKED_AT, record=False)
    hits = [engine.search(query, rules=rules).hits for rules in (before, after)]
    return Preview(
        text, _side(before, text, hits[0], hits[1]), _side(after, text, hits[1], hits[0])
    )


def _side(
    rules: RuleSet, text: str, hits: tuple[SearchHit, ...], others: tuple[SearchHit, ...]
) -> PreviewSide:
    at = {hit.product.product_id: hit.rank for hit in others}
    places = (Place(hit, at.get(hit.product.product_id)) for hit in hits[:SHOWN])
    read = rules.apply_synonyms(text)
    return PreviewSide(tuple(places), read if read != text else None, rules.redirect(text))
