"""The rules that merchants keep: adding, listing, removing, and finding those of a query.

A rule is about one query's words or about all queries. It pins a product to a place in the answer
to given words, or boosts or buries a product, a brand or a category. Words are compared without
case and extra spaces; a photo has none, so only rules about all queries touch its answer.
"""

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import sqlalchemy
from sqlalchemy import select
from sqlalchemy.orm import Session

from search.db import session_scope
from search.errors import UnknownProduct, UnknownRule, UnusableRule
from search.models import RULE_ACTIONS, RULE_FIELDS, Product
from search.models import Rule as RuleRow
from search.question import Question
from search.rules import OutOfStock, Pin, Rules, Shift
from search.wording import normalised

MAX_POSITION = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessRule:
    """One rule, checked.

    Raises:
        UnusableRule: says which part and what is allowed.
    """

    action: str  # `pin`, `boost` or `bury`
    field: str  # `sku`, `brand` or `category`
    value: str
    query: str = ""  # the words it is about; empty: all queries
    position: int | None = None  # of a pin, 1-based
    weight: float | None = None  # of a boost or bury, above 0, at most 1
    starts_at: datetime | None = None  # with a time zone
    ends_at: datetime | None = None
    id: int | None = None  # None until it is added

    def __post_init__(self) -> None:
        if self.action not in RULE_ACTIONS or self.field not in RULE_FIELDS:
            raise UnusableRule(f"action is one of {RULE_ACTIONS}, field one of {RULE_FIELDS}.")
        if not self.value.strip():
            raise UnusableRule(f"Say which {self.field} is meant.")
        if self.action == "pin":
            self._check_pin()
        elif self.position is not None or self.weight is None or not 0 < self.weight <= 1:
            raise UnusableRule(f"To {self.action} needs a weight above 0 and up to 1 alone.")
        if self.starts_at and self.ends_at and self.starts_at >= self.ends_at:
            raise UnusableRule("The end must be after the start.")
        object.__setattr__(self, "query", normalised(self.query))

    def _check_pin(self) -> None:
        if self.field != "sku" or not self.query.strip():
            raise UnusableRule("A pin is one product, by its sku, for the words of one query.")
        if self.weight is not None or not 1 <= (self.position or 0) <= MAX_POSITION:
            raise UnusableRule(f"A pin needs a position from 1 to {MAX_POSITION} alone.")

    def is_active(self, now: datetime) -> bool:
        """Return whether the rule is in force at a moment."""
        begun = self.starts_at is None or self.starts_at <= now
        return begun and (self.ends_at is None or now < self.ends_at)


COLUMNS = tuple(name for name in BusinessRule.__dataclass_fields__ if name != "id")


def add_rule(session: Session, rule: BusinessRule) -> BusinessRule:
    """Keep a rule; return it with its id.

    Raises:
        UnknownProduct: no product has its sku.
    """
    if rule.field == "sku":
        known = select(Product.id).where(Product.sku == rule.value, Product.retired_at.is_(None))
        if session.scalar(known) is None:
            raise UnknownProduct(rule.value)
    row = RuleRow(**{name: getattr(rule, name) for name in COLUMNS})
    session.add(row)
    session.flush()
    return replace(rule, id=row.id)


def list_rules(session: Session) -> list[BusinessRule]:
    """Return all rules, oldest first, also those not in force now."""
    return [_rule(row) for row in session.scalars(select(RuleRow).order_by(RuleRow.id))]


def find_rule(session: Session, rule_id: int) -> BusinessRule:
    """Return a rule.

    Raises:
        UnknownRule: there is no such rule.
    """
    row = session.get(RuleRow, rule_id)
    if row is None:
        raise UnknownRule(rule_id)
    return _rule(row)


def remove_rule(session: Session, rule_id: int) -> None:
    """Delete a rule.

    Raises:
        UnknownRule: there is no such rule.
    """
    row = session.get(RuleRow, rule_id)
    if row is None:
        raise UnknownRule(rule_id)
    session.delete(row)
    session.flush()


def _rule(row: RuleRow) -> BusinessRule:
    return BusinessRule(id=row.id, **{name: getattr(row, name) for name in COLUMNS})


@dataclass(frozen=True, slots=True)
class _Kept:
    """A rule, and the product that it names."""

    rule: BusinessRule
    product_id: int | None


class RuleBook:
    """Finds the rules of a query; reads them every few seconds. Safe to share between threads.

    Args:
        database: Where the rules are.
        out_of_stock: What becomes of products that can't be bought now.
        refresh_s: Seconds between looks.
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
        self._database, self._out_of_stock = database, out_of_stock
        self._refresh_s, self._clock = refresh_s, clock
        self._read_at = -float("inf")
        self._by_query: dict[str, list[_Kept]] = {}

    def apply(self, question: Question) -> Question:
        """Return the question with the rules in force for it, and with what they pin."""
        by_query = self._current()
        words = normalised(question.text) if question.kind == "text" else ""
        kept = [*by_query.get("", ()), *(by_query.get(words, ()) if words else ())]
        now = datetime.now(UTC)
        pins, shifts = [], []
        for rule, product_id in ((k.rule, k.product_id) for k in kept if k.rule.is_active(now)):
            if rule.field == "sku" and product_id is None:
                continue  # retired since the rule was made
            if rule.action == "pin":
                pins.append(Pin(rule.position or 1, product_id or 0))
            else:
                shifts.append(_shift(rule, product_id))
        pins.sort(key=lambda pin: pin.position)
        pinned = np.array([pin.product_id for pin in pins], np.int64)
        return replace(
            question,
            rules=Rules(tuple(pins), tuple(shifts), self._out_of_stock),
            also=np.union1d(question.also, pinned),
        )

    def _current(self) -> dict[str, list[_Kept]]:
        """Return the rules by the words they are about, read again where they may be stale."""
        now = self._clock()
        if now - self._read_at >= self._refresh_s:
            statement = (
                select(RuleRow, Product.id)
                .outerjoin(
                    Product,
                    (RuleRow.field == "sku")
                    & (Product.sku == RuleRow.value)
                    & Product.retired_at.is_(None),
                )
                .order_by(RuleRow.id)
            )
            found: defaultdict[str, list[_Kept]] = defaultdict(list)
            with session_scope(self._database) as session:
                for row, product_id in session.execute(statement):
                    found[row.query].append(_Kept(_rule(row), product_id))
            self._by_query, self._read_at = dict(found), now
        return self._by_query


def _shift(rule: BusinessRule, product_id: int | None) -> Shift:
    weight = (rule.weight or 0) * (1 if rule.action == "boost" else -1)
    if rule.field == "sku":
        return Shift(weight, product_id=product_id)
    if rule.field == "brand":
        return Shift(weight, brand=rule.value)
    return Shift(weight, category=rule.value)
