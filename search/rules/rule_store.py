"""Keeps the merchant's rules: adds, lists and removes them, and hands out those of the moment.

A rule applies to the words of one query or to all queries. It pins a product to a place, boosts or
buries a product, a brand or a category, reads words as other words, or redirects to an address.
Every change is in the audit trail.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import sqlalchemy
from cachetools import TTLCache, cached
from sqlalchemy import select
from sqlalchemy.orm import Session

from search.database.audit_trail import record_change
from search.database.connection import answer_from
from search.database.models import Product
from search.database.models import Rule as RuleRow
from search.errors import UnknownProduct, UnknownRule
from search.query.rule_effects import OutOfStock
from search.rules.rule import BusinessRule
from search.rules.rule_set import ResolvedRule, RuleSet

COLUMNS = tuple(name for name in BusinessRule.__dataclass_fields__ if name != "id")


def resolve_product(session: Session, rule: BusinessRule) -> ResolvedRule:
    """Return a rule with the product that it names.

    Raises:
        UnknownProduct: no product has its sku.
    """
    if rule.field != "sku":
        return ResolvedRule(rule)
    known = select(Product.id).where(Product.sku == rule.value, Product.retired_at.is_(None))
    product_id = session.scalar(known)
    if product_id is None:
        raise UnknownProduct(rule.value)
    return ResolvedRule(rule, product_id)


def add_rule(session: Session, rule: BusinessRule, *, actor: str) -> BusinessRule:
    """Add a rule. Return it with its id.

    Args:
        session: The caller's transaction.
        rule: The rule; its own id is ignored.
        actor: Who adds it, as the audit trail names them.

    Raises:
        UnknownProduct: no product has its sku.
    """
    resolve_product(session, rule)
    row = RuleRow(**{name: getattr(rule, name) for name in COLUMNS})
    session.add(row)
    session.flush()
    record_change(session, actor, "rule.add", row.id, {"after": _as_json(rule)})
    return replace(rule, id=row.id)


def list_rules(session: Session) -> list[BusinessRule]:
    """Return all rules, oldest first, those not in force included."""
    return [_rule(row) for row in session.scalars(select(RuleRow).order_by(RuleRow.id))]


def find_rule(session: Session, rule_id: int) -> BusinessRule:
    """Return one rule.

    Raises:
        UnknownRule: there is no such rule.
    """
    row = session.get(RuleRow, rule_id)
    if row is None:
        raise UnknownRule(rule_id)
    return _rule(row)


def remove_rule(session: Session, rule_id: int, *, actor: str) -> None:
    """Delete a rule.

    Args:
        session: The caller's transaction.
        rule_id: Which one.
        actor: Who removes it, as the audit trail names them.

    Raises:
        UnknownRule: there is no such rule.
    """
    row = session.get(RuleRow, rule_id, with_for_update=True)
    if row is None:
        raise UnknownRule(rule_id)
    record_change(session, actor, "rule.remove", rule_id, {"before": _as_json(_rule(row))})
    session.delete(row)
    session.flush()


def read_rules(session: Session, out_of_stock: OutOfStock) -> RuleSet:
    """Return all rules as they are now, with the products that they name."""
    named = (RuleRow.field == "sku") & (Product.sku == RuleRow.value) & Product.retired_at.is_(None)
    statement = select(RuleRow, Product.id).outerjoin(Product, named).order_by(RuleRow.id)
    found = session.execute(statement)
    return RuleSet(
        (ResolvedRule(_rule(row), product_id) for row, product_id in found), out_of_stock
    )


def _rule(row: RuleRow) -> BusinessRule:
    return BusinessRule(id=row.id, **{name: getattr(row, name) for name in COLUMNS})


def _as_json(rule: BusinessRule) -> dict[str, Any]:
    """Return the filled fields of a rule as JSON holds them, for the audit trail."""
    fields = {name: getattr(rule, name) for name in COLUMNS}
    for name in ("starts_at", "ends_at"):
        if fields[name] is not None:
            fields[name] = fields[name].isoformat()
    return {name: value for name, value in fields.items() if value not in (None, "")}


class RuleBook:
    """Hands out the rules of the moment. Safe to share between threads.

    Args:
        database: Where the rules are.
        out_of_stock: What becomes of products that can't be bought now.
        refresh_s: Seconds after which the rules are read again.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        database: sqlalchemy.Engine,
        out_of_stock: OutOfStock,
        *,
        refresh_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.out_of_stock = out_of_stock
        self._database = database
        kept: TTLCache[object, RuleSet, float] = TTLCache(1, refresh_s, clock)
        self._current = cached(kept, lock=threading.Lock())(self._read)

    def current(self) -> RuleSet:
        """Return the rules, at most `refresh_s` old."""
        return self._current()

    def _read(self) -> RuleSet:
        return answer_from(self._database, lambda session: read_rules(session, self.out_of_stock))

    def for_stages(self, stages: tuple[str, ...] | None) -> RuleSet:
        """Return the rules for a query with these re-ranking stages: none without `rules`."""
        return self.current() if stages is None or "rules" in stages else RuleSet()
