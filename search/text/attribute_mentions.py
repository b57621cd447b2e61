"""Finds what a text says of attributes: values it wants, and values it does not want.

`find_mentions` reads the words of a vocabulary as shoppers write them: whole words, longest terms
first, plurals too, in any case. A value after "not", "without", "anything but", "instead of" and
the like is unwanted. Its phrase is taken out of the text, because an encoder reads "not black" as
black. The module knows no further grammar. It leaves alone what it does not know, such as
"without arms", and what describes a part, such as "with brass legs".
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from search.text.attribute_vocabulary import Value, Vocabulary
from search.text.function_words import (
    CONJUNCTIONS,
    EMPTY_WORDS,
    FALSE_NEGATIONS,
    FILLERS,
    NEGATIONS,
    NO_PARTS,
)
from search.text.phrase_replacement import Replacement, replace_phrases
from search.text.vocabulary_terms import VocabularyTerm, plural, tokens_of, vocabulary_terms

Phrases = dict[str, tuple[tuple[str, ...], ...]]
"""Phrases by their first word, longest first."""

_ADJOINING = re.compile(r"[\s-]*")
_MINUS = re.compile(r"(^|\s)-$")


def _by_first_word(phrases: Iterable[tuple[str, ...]]) -> Phrases:
    longest_first = sorted(phrases, key=len, reverse=True)
    firsts = {phrase[0] for phrase in longest_first}
    return {first: tuple(p for p in longest_first if p[0] == first) for first in firsts}


_NEGATIONS = _by_first_word(NEGATIONS)
_FALSE_NEGATIONS = _by_first_word(FALSE_NEGATIONS)


@dataclass(frozen=True, slots=True)
class Mention:
    """One value of an attribute, where a text names it."""

    value: Value
    negated: bool
    start: int  # of its own words in the text, in characters
    end: int


@dataclass(frozen=True, slots=True)
class AttributeMentions:
    """What a text says of attributes."""

    mentions: tuple[Mention, ...]  # in the order of the text
    wanted_text: str  # the text without its unwanted phrases; may be empty
    free_text: str  # the text without any value; empty where only `EMPTY_WORDS` are left

    @property
    def wanted(self) -> tuple[Value, ...]:
        """Values asked for, each once."""
        return tuple(dict.fromkeys(m.value for m in self.mentions if not m.negated))

    @property
    def unwanted(self) -> tuple[Value, ...]:
        """Values excluded, each once."""
        return tuple(dict.fromkeys(m.value for m in self.mentions if m.negated))


@dataclass(frozen=True, slots=True)
class _Match:
    """A term that stands at tokens `first` to `last`, exclusive."""

    term: VocabularyTerm
    first: int
    last: int


def find_mentions(text: str, vocabulary: Vocabulary) -> AttributeMentions:
    """Return the values that a text names, and the text without the unwanted ones.

    Args:
        text: As typed.
        vocabulary: The values, and the words for them.
    """
    return _Reader(text, vocabulary_terms(vocabulary)).read()


class _Reader:
    """Reads one text, token by token.

    Its methods take the number of a token. Those that read on return the token after what they
    read, and 0 where there was nothing to read.
    """

    def __init__(self, text: str, terms: dict[str, tuple[VocabularyTerm, ...]]) -> None:
        self.text, self.terms = text, terms
        self.tokens = list(tokens_of(text))
        self.mentions: list[Mention] = []
        self.unwanted_phrases: list[Replacement] = []
        self.attribute_phrases: list[Replacement] = []  # all that is about attributes

    def read(self) -> AttributeMentions:
        i = 0
        while i < len(self.tokens):
            i = self._false_negation(i) or self._negation(i) or self._value(i) or i + 1
        rest = replace_phrases(self.text, sorted(self.attribute_phrases))
        says_more = any(token.word not in EMPTY_WORDS for token in tokens_of(rest))
        return AttributeMentions(
            mentions=tuple(self.mentions),
            wanted_text=replace_phrases(self.text, self.unwanted_phrases),
            free_text=rest if says_more else "",
        )

    def _false_negation(self, i: int) -> int:
        """Read over what only looks like a negation."""
        length = self._phrase_length(i, _FALSE_NEGATIONS)
        return i + length if length else 0

    def _value(self, i: int) -> int:
        """Read a term at token i: a value asked for, or the noun of an attribute."""
        match = self._term_at(i)
        if match is None:
            return 0
        value, noun = match.term.value, match.term.noun
        if (
            value is not None
            and self._holds(match.last, ("free",))
            and self._gap(match.last) == "-"
        ):
            self._mention(match, negated=not noun)  # "leather-free"
            self._replace(i, match.last + 1, match.term)
            return match.last + 1
        if value is not None and not noun and not self._describes_a_part(match):
            self._mention(match, negated=False)
        elif noun:
            start, end = self.tokens[match.first].start, self.tokens[match.last - 1].end
            self.attribute_phrases.append(Replacement(start, end))
        return match.last

    def _negation(self, i: int) -> int:
        """Read a negation at token i together with the terms that it negates."""
        start = self._after_negation(i)
        if not start:
            return 0
        terms = self._adjoining_terms(start)
        if not terms:
            return 0
        if self.tokens[i].word == "without" and self._part_follows(terms[-1].last):
            return terms[-1].last
        negated = [terms[-1], *self._listed_terms(terms[-1])]
        end = negated[-1].last
        for match in negated:
            self._mention(match, negated=not match.term.noun)
        noun = self._term_at(end)
        if noun is not None and noun.term.noun and not negated[-1].term.noun:
            end = noun.last  # "not in a black colour"
        first = i - 1 if i and self.tokens[i - 1].word in ("but", "with", "just", "only") else i
        self._replace(first, end, negated[0].term)
        return end

    def _after_negation(self, i: int) -> int:
        """Read a negation at token i and the fillers after it."""
        length = self._phrase_length(i, _NEGATIONS)
        if not length and self._holds(i, ("any",)) and self._holds(i + 2, ("but",)):
            length = 3  # "any colour but"
        if not length:
            before = self.text[max(0, self.tokens[i].start - 3) : self.tokens[i].start]
            return i if _MINUS.search(before) else 0
        i += length
        while i < len(self.tokens) and self.tokens[i].word in FILLERS and self._adjoins(i):
            if self._term_at(i):
                break
            i += 1
        return i if self._adjoins(i) else 0

    def _adjoining_terms(self, i: int) -> list[_Match]:
        """Return the terms that follow each other from token i: "black", "striped"."""
        terms: list[_Match] = []
        while match := self._term_at(i):
            if terms and (not self._adjoins(i) or match.term.noun):
                break
            terms.append(match)
            i = match.last
        return terms

    def _listed_terms(self, first: _Match) -> list[_Match]:
        """Return the further terms of a list: ", white or red", "/white", "and navy"."""
        listed: list[_Match] = []
        last, closed = first, 0
        while True:
            i = last.last
            gap = self._gap(i).strip()
            word = self.tokens[i].word if i < len(self.tokens) and gap in ("", ",") else ""
            if word in CONJUNCTIONS:
                i += 1
                while word != "and" and i < len(self.tokens) and self.tokens[i].word in FILLERS:
                    i += 1
            elif gap not in (",", "/", "&"):
                break
            terms = self._adjoining_terms(i)
            alike = terms and _attribute(terms[0]) == _attribute(first)
            if not terms or (word not in ("or", "nor") and not alike):
                break
            last = terms[-1]
            listed.append(last)
            if word in CONJUNCTIONS or gap in ("/", "&"):
                closed = len(listed)
        return listed[:closed]  # a comma alone ends what is negated: "not black, white"

    def _describes_a_part(self, match: _Match) -> bool:
        """Return whether a value is that of a part: "with brass legs"."""
        i = match.first - 1
        while i >= 0 and self._adjoins(i + 1):
            word = self.tokens[i].word
            if word == "with":
                return self._part_follows(match.last)
            if word in ("in", "of"):
                return False
            i -= 1
        return False

    def _part_follows(self, i: int) -> bool:
        """Return whether the phrase before token i goes on with the name of a part."""
        while i < len(self.tokens) and self._adjoins(i):
            match = self._term_at(i)
            if match is None:
                return self.tokens[i].word not in NO_PARTS
            if match.term.noun:
                return False
            i = match.last
        return False

    def _term_at(self, i: int) -> _Match | None:
        """Return the longest term that begins at token i."""
        if i >= len(self.tokens):
            return None
        for term in self.terms.get(self.tokens[i].word, ()):
            if self._holds_term(i, term.tokens):
                return _Match(term, i, i + len(term.tokens))
        return None

    def _holds_term(self, i: int, tokens: tuple[str, ...]) -> bool:
        """Return whether these tokens stand at i in one piece, the last perhaps in the plural."""
        here = [token.word for token in self.tokens[i : i + len(tokens)]]
        return (
            here[:-1] == list(tokens[:-1])
            and len(here) == len(tokens)
            and here[-1] in (tokens[-1], plural(tokens[-1]))
            and all(self._adjoins(j) for j in range(i + 1, i + len(tokens)))
        )

    def _phrase_length(self, i: int, phrases: Phrases) -> int:
        """Return how many words the longest phrase at token i has; 0: there is none."""
        known = phrases.get(self.tokens[i].word, ())
        return next((len(phrase) for phrase in known if self._holds(i, phrase)), 0)

    def _holds(self, i: int, words: tuple[str, ...]) -> bool:
        """Return whether these words stand at token i."""
        return tuple(token.word for token in self.tokens[i : i + len(words)]) == words

    def _gap(self, i: int) -> str:
        """Return what stands between tokens i - 1 and i."""
        if not 0 < i < len(self.tokens):
            return ""
        return self.text[self.tokens[i - 1].end : self.tokens[i].start]

    def _adjoins(self, i: int) -> bool:
        """Return whether only spaces and hyphens part token i from the one before."""
        return i < len(self.tokens) and _ADJOINING.fullmatch(self._gap(i)) is not None

    def _mention(self, match: _Match, *, negated: bool) -> None:
        """Note that the text names the value of a term."""
        if match.term.value is not None:
            start, end = self.tokens[match.first].start, self.tokens[match.last - 1].end
            self.mentions.append(Mention(match.term.value, negated, start, end))
            self.attribute_phrases.append(Replacement(start, end))

    def _replace(self, first: int, last: int, term: VocabularyTerm) -> None:
        """Take an unwanted phrase out of the text; "without a pattern" becomes "plain"."""
        instead = term.value.name if term.noun and term.value is not None else ""
        start, end = self.tokens[first].start, self.tokens[last - 1].end
        self.unwanted_phrases.append(Replacement(start, end, instead))
        self.attribute_phrases.append(Replacement(start, end))


def _attribute(match: _Match) -> str:
    return match.term.value.attribute if match.term.value is not None else ""
