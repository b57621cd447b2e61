"""The rules of one moment, and what they ask of a query. Reads no database and changes nothing.

Words are compared without case and extra spaces. A photo has none: of it, only rules about all
queries ask something; beside a photo, synonyms are read all the same.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from search.query.rule_effects import OutOfStock, Pin, Rules, Shift
from search.query.understood_query import UnderstoodQuery
from search.rules.rule import BusinessRule
from search.text.normalise import normalised


@dataclass(frozen=True, slots=True)
class KeptRule:
    """A rule, and the product that it names."""

    rule: BusinessRule
    product_id: int | None = None  # None: it names none, or one that is retired


class RuleSet:
    """Rules, oldest first. Never changes, safe to share between threads.

    Args:
        kept: The rules.
        out_of_stock: What becomes of products that can't be bought now.
    """

    def __init__(self, kept: Iterable[KeptRule] = (), out_of_stock: OutOfStock = "as_is") -> None:
        self.kept, self.out_of_stock = tuple(kept), out_of_stock
        by_query: defaultdict[str, list[KeptRule]] = defaultdict(list)
        for each in self.kept:
            by_query[each.rule.query].append(each)
        self._by_query = dict(by_query)
        phrases = {k.rule.query for k in self.kept if k.rule.action == "synonym"}
        longest_first = "|".join(re.escape(p) for p in sorted(phrases, key=len, reverse=True))
        self._phrases = re.compile(rf"(?<!\w)(?:{longest_first})(?!\w)") if phrases else None

    def adding(self, draft: KeptRule) -> "RuleSet":
        """Return these rules and one more, in force whatever its dates say."""
        rule = replace(draft.rule, starts_at=None, ends_at=None)
        return RuleSet((*self.kept, replace(draft, rule=rule)), self.out_of_stock)

    def without(self, rule_id: int) -> "RuleSet":
        """Return these rules but one."""
        return RuleSet((k for k in self.kept if k.rule.id != rule_id), self.out_of_stock)

    def read_as(self, text: str) -> str:
        """Return a text as synonyms read it.

        Each phrase that a synonym is about, in whole words, the longest first, is replaced by
        that synonym's words. Nothing is read twice, so that synonyms can't lead in circles; words
        that are to count on are part of what they are read as.
        """
        if self._phrases is None:
            return text
        now = datetime.now(UTC)
        folded = normalised(text)
        read = self._phrases.sub(lambda phrase: self._instead(phrase[0], now), folded)
        return text if read == folded else read

    def _instead(self, phrase: str, now: datetime) -> str:
        said = [rule.value for rule in self._in_force(phrase, now) if rule.action == "synonym"]
        return " ".join(dict.fromkeys(said)) or phrase

    def redirect(self, text: str, *, with_photo: bool = False) -> str | None:
        """Return where exactly these words lead; None where they are searched for.

        A photo is always searched for, whatever words stand beside it.
        """
        words = "" if with_photo else normalised(text)
        rules = self._in_force(words, datetime.now(UTC)) if words else []
        return next((rule.value for rule in rules if rule.action == "redirect"), None)

    def _in_force(self, words: str, now: datetime) -> list[BusinessRule]:
        """Return the rules about exactly these words that are in force."""
        return [k.rule for k in self._by_query.get(words, ()) if k.rule.is_active(now)]

    def apply(self, question: UnderstoodQuery, typed: str = "") -> UnderstoodQuery:
        """Return the question with the rules in force for it, and with what they pin.

        Args:
            question: What is asked.
            typed: Its words before synonyms were read; rules about them apply as well.
        """
        about = [""]
        if question.kind == "text":
            about += dict.fromkeys((normalised(typed), normalised(question.text)))
        now = datetime.now(UTC)
        pins, shifts = [], []
        for each in (k for words in dict.fromkeys(about) for k in self._by_query.get(words, ())):
            rule = each.rule
            gone = rule.field == "sku" and each.product_id is None  # retired since it was made
            if gone or not rule.is_active(now):
                continue
            if rule.action == "pin":
                pins.append(Pin(rule.position or 1, each.product_id or 0))
            elif rule.action in ("boost", "bury"):
                shifts.append(_shift(rule, each.product_id))
        pins.sort(key=lambda pin: pin.position)
        pinned = np.array([pin.product_id for pin in pins], np.int64)
        return replace(
            question,
            rules=Rules(tuple(pins), tuple(shifts), self.out_of_stock),
            also=np.union1d(question.also, pinned),
        )


def _shift(rule: BusinessRule, product_id: int | None) -> Shift:
    weight = (rule.weight or 0) * (1 if rule.action == "boost" else -1)
    if rule.field == "sku":
        return Shift(weight, product_id=product_id)
    if rule.field == "brand":
        return Shift(weight, brand=rule.value)
    return Shift(weight, category=rule.value)
