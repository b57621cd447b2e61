"""Queries by photo and words: a shopper says what should be different; with the right answers.

The drawn facts decide what is right: products of the same kind and shape that have the change, and
of these the ones that keep most other facts. The photographed product itself is never right. It
refuses to draw, and to make queries that the shop can't answer.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from indexer.sample.palette import DYES
from indexer.sample.product_look import Look
from indexer.sample.sample_queries import article

FACTS = ("colour", "pattern", "material")
"""Facts that can change. A trim is a mere detail: a right answer may have another."""

KIND_OF = {"steel": "metal", "brass": "metal", "stoneware": "ceramic", "terracotta": "ceramic"}
"""Material -> the more general word that shoppers use for it."""

NAMED_COLOURS = {*DYES, "silver", "gold"}
"""Colours that shoppers name; the others belong to a material."""

REPLACED = {
    "colour": (
        "this, but in {new}", "in {new} instead", "the same in {new}, please", "make it {new}",
        "do you have this in {new}?", "like this but {new}", "{a_new} one like this",
        "{new} instead of {old}",
    ),
    "material": (
        "same shape in {new}", "this, but in {new}", "the same, made of {new}",
        "is there one like this in {new}?", "{new} instead of {old}",
    ),
    "pattern": (
        "the same {with_new}", "this, but {new}", "like this, {with_new}", "{a_new} one instead",
    ),
}  # fmt: skip
REMOVED = (
    "the same without the pattern", "this, but plain", "no pattern, please", "without the {old}",
    "like this in one plain colour", "same thing, unpatterned", "plain instead of {old}",
)  # fmt: skip
NEGATED = {
    "colour": (
        "not {old}", "this, but not {old}", "anything but {old}", "like this, just not in {old}",
        "the same in any colour except {old}", "I don't want {old}",
    ),
    "material": (
        "not {old}", "like this but not made of {old}", "the same, non-{old}", "no {old}, please",
    ),
    "pattern": ("not {old}", "the same, but not {old}", "anything but {old}"),
}  # fmt: skip

WITH = {
    "striped": "with stripes", "checked": "with checks", "polka dot": "with polka dots",
    "floral": "with flowers", "geometric": "with a geometric pattern",
}  # fmt: skip
PATTERN_NOUNS = {
    "striped": "stripes", "checked": "checks", "polka dot": "dots", "floral": "flowers",
    "geometric": "geometric pattern",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class DailyChange:
    """What should be different from a photographed look."""

    fact: str  # one of `FACTS`
    old: str
    new: str = ""  # empty: anything but `old`

    @property
    def name(self) -> str:
        """Its name in both.csv: the fact, or `negation`."""
        return self.fact if self.new else "negation"

    def fits(self, look: Look) -> bool:
        """Return whether a look has the change; either colour of a pattern counts as its colour."""
        has = _values(look, self.fact)
        return self.new in has if self.new else self.old not in has


@dataclass(frozen=True, slots=True)
class Pictured:
    """A picture to search with."""

    file: str
    sku: str
    split: str


@dataclass(frozen=True, slots=True)
class ChangeQuery:
    """One row of both.csv."""

    photo: str
    text: str
    change: DailyChange
    skus: tuple[str, ...]  # the right answers, in catalogue order
    split: str


def change_queries(
    looks: Mapping[str, Look], pictures: Iterable[Pictured], seed: int
) -> list[ChangeQuery]:
    """Return at most one query for each picture, and about equally many of each kind of change.

    Args:
        looks: sku -> look, in catalogue order.
        pictures: Pictures to search with.
        seed: Chooses among the queries that the shop can answer.
    """
    rng = random.Random(f"both/{seed}")  # noqa: S311 - art, not secrets
    counts = dict.fromkeys((*FACTS, "negation"), 0)
    queries: list[ChangeQuery] = []
    for picture in pictures:
        look = looks[picture.sku]
        alike = {s: o for s, o in looks.items() if (o.kind, o.shape) == (look.kind, look.shape)}
        possible = [c for c in _changes(look, alike.values()) if right_answers(look, c, alike)]
        if not possible:
            continue
        rng.shuffle(possible)
        change = min(possible, key=lambda c: counts[c.name])
        counts[change.name] += 1
        skus = right_answers(look, change, alike)
        text = worded(look, change, rng)
        queries.append(ChangeQuery(picture.file, text, change, skus, picture.split))
    return queries


def right_answers(look: Look, change: DailyChange, looks: Mapping[str, Look]) -> tuple[str, ...]:
    """Return the products of a look's kind and shape that have a change and keep most other facts.

    Args:
        look: The photographed look.
        change: What should be different.
        looks: sku -> look; other kinds and shapes are ignored.
    """
    kept = {
        sku: sum(_value(other, f) == _value(look, f) for f in FACTS if f != change.fact)
        for sku, other in looks.items()
        if (other.kind, other.shape) == (look.kind, look.shape) and change.fits(other)
    }
    return tuple(sku for sku, count in kept.items() if count == max(kept.values()))


def _changes(look: Look, others: Collection[Look]) -> Iterator[DailyChange]:
    """Yield the changes to facts of `others`, looks of the same kind and shape."""
    for fact in FACTS:
        old = _value(look, fact)
        if fact == "colour" and old not in NAMED_COLOURS:
            continue
        news = {_value(other, fact) for other in others} - _values(look, fact)
        for new in sorted(news & NAMED_COLOURS if fact == "colour" else news):
            yield DailyChange(fact, old, new)
        if old != "plain":
            yield DailyChange(fact, old)


def _value(look: Look, fact: str) -> str:
    value: str = getattr(look, fact)
    return KIND_OF.get(value, value) if fact == "material" else value


def _values(look: Look, fact: str) -> set[str]:
    """Return all values of a fact that a look shows."""
    if fact == "colour" and look.pattern != "plain":
        return {look.colour, look.accent}
    return {_value(look, fact)}


def worded(look: Look, change: DailyChange, rng: random.Random) -> str:
    """Return a change as a shopper words it."""
    if change.new == "plain":
        forms: tuple[str, ...] = REMOVED
    else:
        forms = (REPLACED if change.new else NEGATED)[change.fact]
    if change.fact == "colour" and look.pattern != "plain":
        # Of a thing with two colours, shoppers do not say which of them to replace.
        forms = tuple(form for form in forms if not ("{old}" in form and change.new))
    old, new = change.old, change.new
    form = rng.choice(forms)
    if change.new == "plain":
        old = PATTERN_NOUNS[old] if form.startswith("without") else old
    return form.format(
        old=old, new=new, a_new=article(new) if new else "", with_new=WITH.get(new, "")
    )
