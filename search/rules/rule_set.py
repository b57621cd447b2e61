"""All rules of one moment, and what they ask of a query. Nothing here reads a database.

Words are compared in the form of `search.text.normalise.normalised`. To a query with a photo only
rules about all queries apply, and synonyms in the words beside the photo.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from search.query.rule_effects import OutOfStock, Pin, RuleEffects, Shift
from search.query.understood_query import UnderstoodQuery
from search.rules.rule import BusinessRule
from search.text.normalise import normalised


@dataclass(frozen=True, slots=True)
class ResolvedRule:
    """A rule, and the product that it names."""

    rule: BusinessRule
    product_id: int | None = None  # None: it names none, or one that is retired


class RuleSet:
    """Rules, oldest first. It never changes, and is safe to share between threads.

    Args:
        resolved: The rules.
        out_of_stock: What becomes of products that can't be bought now.
    """

    def __init__(
        self, resolved: Iterable[ResolvedRule] = (), out_of_stock: OutOfStock = "as_is"
    ) -> None:
        self.resolved, self.out_of_stock = tuple(resolved), out_of_stock
        by_query: defaultdict[str, list[ResolvedRule]] = defaultdict(list)
        for each in self.resolved:
            by_query[each.rule.query].append(each)
        self._by_query = dict(by_query)
        phrases = {each.rule.query for each in self.resolved if each.rule.action == "synonym"}
        longest_first = "|".join(re.escape(p) for p in sorted(phrases, key=len, reverse=True))
        self._phrases = re.compile(rf"(?<!\w)(?:{longest_first})(?!\w)") if phrases else None

    def with_draft(self, draft: ResolvedRule) -> "RuleSet":
        """Return these rules and one more, which is in force whatever its dates say."""
        rule = replace(draft.rule, starts_at=None, ends_at=None)
        return RuleSet((*self.resolved, replace(draft, rule=rule)), self.out_of_stock)

    def without_rule(self, rule_id: int) -> "RuleSet":
        """Return these rules but one."""
        others = (each for each in self.resolved if each.rule.id != rule_id)
        return RuleSet(others, self.out_of_stock)

    def apply_synonyms(self, text: str) -> str:
        """Return a text with the phrases of synonyms replaced by the words to read instead.

        Phrases are whole words; the longest is replaced first. What takes a phrase's place is not
        read again, so synonyms can't lead in circles. A synonym whose own words are to be searched
        for as well repeats them among the words to read instead.
        """
        if self._phrases is None:
            return text
        now = datetime.now(UTC)
        folded = normalised(text)
        replaced = self._phrases.sub(lambda phrase: self._synonyms(phrase[0], now), folded)
        return text if replaced == folded else replaced

    def _synonyms(self, phrase: str, now: datetime) -> str:
        """Return the words to read instead of a phrase: of all its synonyms in force."""
        words = [rule.value for rule in self._in_force(phrase, now) if rule.action == "synonym"]
        return " ".join(dict.fromkeys(words)) or phrase

    def redirect(self, text: str, *, with_photo: bool = False) -> str | None:
        """Return the address that exactly these words lead to; None: they are searched for.

        A photo is always searched for, whatever words stand beside it.
        """
        words = "" if with_photo else normalised(text)
        rules = self._in_force(words, datetime.now(UTC)) if words else []
        return next((rule.value for rule in rules if rule.action == "redirect"), None)

    def _in_force(self, words: str, now: datetime) -> list[BusinessRule]:
        """Return the rules about exactly these words that are in force."""
        return [each.rule for each in self._by_query.get(words, ()) if each.rule.is_active(now)]

    def apply(self, query: UnderstoodQuery, typed: str = "") -> UnderstoodQuery:
        """Return a query with the effects of the rules in force for it, and with pinned products.

        Args:
            query: As understood.
            typed: Its words before synonyms replaced any; rules about them apply as well.
        """
        about = [""]
        if query.kind == "text":
            about += (normalised(typed), normalised(query.text))
        now = datetime.now(UTC)
        pins, shifts = [], []
        applying = (
            each for words in dict.fromkeys(about) for each in self._by_query.get(words, ())
        )
        for each in applying:
            rule = each.rule
            retired = rule.field == "sku" and each.product_id is None
            if retired or not rule.is_active(now):
                continue
            if rule.action == "pin":
                pins.append(Pin(rule.position or 1, each.product_id or 0))
            elif rule.action in ("boost", "bury"):
                shifts.append(_shift(rule, each.product_id))
        pins.sort(key=lambda pin: pin.position)
        pinned = np.array([pin.product_id for pin in pins], np.int64)
        return replace(
            query,
            rules=RuleEffects(tuple(pins), tuple(shifts), self.out_of_stock),
            extra_ids=np.union1d(query.extra_ids, pinned),
        )


def _shift(rule: BusinessRule, product_id: int | None) -> Shift:
    weight = (rule.weight or 0) * (1 if rule.action == "boost" else -1)
    if rule.field == "sku":
        return Shift(weight, product_id=product_id)
    if rule.field == "brand":
        return Shift(weight, brand=rule.value)
    return Shift(weight, category=rule.value)
