"""Queries that a merchandiser would type, with the right answers.

The drawn facts decide what is right, not the titles. A query is made only if its answers are beyond
dispute: queries for a mere colour are about plain things, and of a pattern either colour counts. It
refuses to draw.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from indexer.sample.kinds import KINDS
from indexer.sample.product_look import Look
from indexer.sample.product_wording import NOUNS, joined, material_words, noun

MOST_ANSWERS = 40
PER_KIND = 6  # questions about each kind, each in two wordings
SHAPES_WITH_OWN_NAME = {"trousers", "jumper", "stool", "table", "clock", "hat", "boot", "skirt"}
"""Kinds whose shapes have names of their own, so that the kind's name makes no good query."""

PLURAL = {"sneakers", "boots", "heels", "trousers", "sunglasses", "shorts", "trainers", "pumps",
          "shoes", "glasses", "shades"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """The visible facts that a query wants; an empty one may have any value."""

    kind: str
    shape: str = ""
    colour: str = ""
    pattern: str = ""
    material: str = ""
    trim: str = ""

    def matches(self, look: Look) -> bool:
        """Return whether a look is a right answer; of a pattern, either colour may be wanted."""
        colours = {look.colour} if look.pattern == "plain" else {look.colour, look.accent}
        return (
            look.kind == self.kind
            and self.shape in ("", look.shape)
            and (not self.colour or self.colour in colours)
            and self.pattern in ("", look.pattern)
            and self.material in ("", look.material)
            and self.trim in ("", look.trim)
        )


@dataclass(frozen=True, slots=True)
class TextQuery:
    """One row of texts.csv."""

    text: str
    wanted: Wanted
    skus: tuple[str, ...]  # the right answers, in catalogue order
    category: str  # set instead of skus if the whole category is right


def text_queries(looks: Mapping[str, Look], seed: int) -> list[TextQuery]:
    """Return queries for a shop: two wordings of each question, and no text twice.

    Args:
        looks: sku -> look, in catalogue order.
        seed: Chooses among the questions that the shop can answer.
    """
    rng = random.Random(f"texts/{seed}")  # noqa: S311 - art, not secrets
    rows: list[TextQuery] = []
    seen: set[str] = set()
    for kind in KINDS:
        for wanted in _questions(kind, list(looks.values()), rng):
            skus = tuple(sku for sku, look in looks.items() if wanted.matches(look))
            whole = wanted == Wanted(kind)
            if not skus or (len(skus) > MOST_ANSWERS and not whole):
                continue
            for text in (terse(wanted), natural(wanted, rng)):
                if text not in seen:
                    seen.add(text)
                    category = KINDS[kind].category if whole else ""
                    rows.append(TextQuery(text, wanted, () if whole else skus, category))
    return rows


def _questions(kind: str, looks: Sequence[Look], rng: random.Random) -> Iterator[Wanted]:
    """Yield up to `PER_KIND` different questions about a kind, each about some product."""
    own = [look for look in looks if look.kind == kind]
    if not own:
        return
    if kind not in SHAPES_WITH_OWN_NAME:
        yield Wanted(kind)
    made: set[Wanted] = set()
    makers = (_by_colour, _by_material, _by_pattern, _by_shape, _by_trim, _by_everything)
    for make in (*makers, *rng.sample(makers, len(makers))):
        wanted = make(rng.choice(own))
        if len(made) < PER_KIND and wanted is not None and wanted not in made:
            made.add(wanted)
            yield wanted


def _wanted_shape(look: Look) -> str:
    return look.shape if look.kind in SHAPES_WITH_OWN_NAME else ""


def _by_colour(look: Look) -> Wanted | None:
    if look.pattern != "plain":
        return None
    return Wanted(look.kind, _wanted_shape(look), look.colour, "plain")


def _by_material(look: Look) -> Wanted | None:
    if look.pattern != "plain" or len(KINDS[look.kind].materials) == 1:
        return None
    return Wanted(look.kind, _wanted_shape(look), look.colour, "plain", look.material)


def _by_pattern(look: Look) -> Wanted | None:
    if look.pattern == "plain":
        return None
    return Wanted(look.kind, _wanted_shape(look), look.colour, look.pattern)


def _by_shape(look: Look) -> Wanted:
    return Wanted(look.kind, look.shape)


def _by_trim(look: Look) -> Wanted | None:
    if not look.trim or look.trim == "button" or look.pattern != "plain":
        return None
    if look.kind == "chair" and look.colour == "black":
        return None  # an all-wooden black chair has black legs as well
    return Wanted(look.kind, _wanted_shape(look), look.colour, "plain", "", look.trim)


def _by_everything(look: Look) -> Wanted:
    trim = "" if look.trim == "button" else look.trim
    return Wanted(look.kind, look.shape, look.colour, look.pattern, look.material, trim)


def _query_noun(wanted: Wanted) -> str:
    """Return the noun of a query; it names the shape if the query wants one."""
    if not wanted.shape:
        return NOUNS.get(wanted.kind, wanted.kind)
    return noun(_bare_look(wanted))


def _bare_look(wanted: Wanted) -> Look:
    black = (0, 0, 0)
    return Look(
        kind=wanted.kind,
        shape=wanted.shape,
        colour=wanted.colour,
        pattern=wanted.pattern or "plain",
        material=wanted.material,
        accent="",
        trim=wanted.trim,
        rgb=black,
        accent_rgb=black,
        wide=1.0,
        tall=1.0,
        scale=1.0,
        seed=0,
    )


def terse(wanted: Wanted) -> str:
    """Return the query as typed into a search box: "red striped ceramic mug"."""
    pattern = wanted.pattern
    if pattern == "plain" and not KINDS[wanted.kind].patterned:
        pattern = ""
    if wanted.kind in LAMPS and wanted.colour:
        shade = joined(pattern, wanted.colour, _material(wanted), "shade")
        tail = f" and {_with(wanted.trim)}" if wanted.trim else ""
        return f"{_query_noun(wanted)} with {article(shade)}{tail}"
    words = (
        pattern if pattern == "plain" else "",
        wanted.colour,
        pattern if pattern != "plain" else "",
    )
    text = joined(*words, _material(wanted), _query_noun(wanted))
    return f"{text} with {_with(wanted.trim)}" if wanted.trim else text


LAMPS = {"table lamp", "floor lamp", "pendant lamp"}

TRIMS = {
    "fringe": "fringed edges", "fringed": "fringed ends", "bordered": "a border",
    "bobble": "a bobble", "drawstring": "a drawstring", "bow": "a bow", "patch": "a patch",
    "tassel": "a tassel", "buttons": "buttons down the front",
}  # fmt: skip


def _with(trim: str) -> str:
    """Return the trim as it reads after "with"."""
    if trim in TRIMS:
        return TRIMS[trim]
    if trim.endswith(("legs", "lenses", "straps")):
        return trim
    return " and ".join(article(part) for part in trim.split(", "))


def _material(wanted: Wanted) -> str:
    """Return the material as it stands before the noun; empty if the query names none."""
    made = material_words(_bare_look(wanted)) if wanted.material else ""
    return "" if made == "knitted" and "knit" in _query_noun(wanted) else made


def article(words: str) -> str:
    """Return the words with "a" or "an"; plurals stay as they are."""
    if re.split(" with | in ", words, maxsplit=1)[0].rsplit(maxsplit=1)[-1] in PLURAL:
        return words
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


FRAMES = (
    "{0}", "I am looking for {0}", "do you have {0}?", "show me {0}", "{0}, please",
    "we need {0} for the front page",
)  # fmt: skip

PATTERN_PHRASES = {
    "striped": ("with stripes", "with a striped pattern"),
    "checked": ("with checks", "in a tartan check", "with a plaid pattern"),
    "polka dot": ("with polka dots", "with dots all over", "with a spotted print"),
    "floral": ("with flowers", "with a flower print", "in a flowery pattern"),
    "geometric": ("with a geometric pattern", "with diamond shapes"),
    "plain": ("without a pattern", "in one plain colour"),
}


def natural(wanted: Wanted, rng: random.Random) -> str:
    """Return the query as someone would say it, with synonyms."""
    name = _query_noun(wanted)
    synonyms = KINDS[wanted.kind].synonyms
    if synonyms and not wanted.shape:
        name = rng.choice(synonyms)
    if wanted.kind in LAMPS and wanted.colour:
        return _natural_lamp(wanted, name, rng)
    pattern = wanted.pattern
    if pattern == "plain" and not KINDS[wanted.kind].patterned:
        pattern = ""
    phrase = rng.choice(PATTERN_PHRASES[pattern]) if pattern else ""
    made = _material(wanted)
    if made in ("knitted", "wooden", "") or rng.random() < 0.5:
        thing, stuff = joined(wanted.colour, made, name), ""
    else:
        thing, stuff = joined(wanted.colour, name), f"made of {made}"
    text = joined(article(thing), stuff, phrase)
    if wanted.trim:
        text += f"{' and' if phrase.startswith('with ') else ' with'} {_with(wanted.trim)}"
    return rng.choice(FRAMES[1:]).format(text)


def _natural_lamp(wanted: Wanted, name: str, rng: random.Random) -> str:
    phrase = (
        rng.choice(PATTERN_PHRASES[wanted.pattern]) if wanted.pattern not in ("", "plain") else ""
    )
    made = _material(wanted)
    shade = joined(article(f"{wanted.colour} lampshade"), f"in {made}" if made else "", phrase)
    tail = f" on {_with(wanted.trim)}" if wanted.trim.endswith("base") else ""
    if wanted.trim and not tail:
        tail = f" and {_with(wanted.trim)}"
    return rng.choice(FRAMES[1:]).format(f"{article(name)} with {shade}{tail}")
