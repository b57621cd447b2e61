"""The words of a vocabulary as token sequences, filed by their first token to be looked up."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from search.text.attribute_vocabulary import Attribute, Value, Vocabulary

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a text without case, and where it stands."""

    word: str
    start: int  # in characters
    end: int


@dataclass(frozen=True, slots=True)
class VocabularyTerm:
    """A word for a value, or an attribute's own noun, such as "pattern"."""

    tokens: tuple[str, ...]
    value: Value | None  # of a noun: the value of a thing without it; None: there is no such value
    noun: bool


def tokens_of(text: str) -> Iterator[Token]:
    """Yield the words of a text. Hyphens part words, apostrophes do not."""
    for word in _WORD.finditer(text.replace("\u2019", "'")):
        yield Token(word.group().casefold(), *word.span())


@lru_cache(maxsize=8)
def vocabulary_terms(vocabulary: Vocabulary) -> dict[str, tuple[VocabularyTerm, ...]]:
    """Return all terms by their first token, longest first; among equals earlier values first."""
    terms: dict[str, list[VocabularyTerm]] = {}
    for attribute in vocabulary.attributes:
        for value in attribute.values:
            for word in value.words:
                _file(terms, VocabularyTerm(_words(word), value, noun=False))
        for noun in attribute.nouns:
            _file(terms, VocabularyTerm(_words(noun), _absent_value(attribute), noun=True))
    return {
        first: tuple(sorted(found, key=lambda term: -len(term.tokens)))
        for first, found in terms.items()
    }


def plural(noun: str) -> str:
    """Return the plural of a noun. One in -s has none: "glasses" are no glass."""
    return noun if noun.endswith("s") else f"{noun}s"


def _file(terms: dict[str, list[VocabularyTerm]], term: VocabularyTerm) -> None:
    """File a term under its first token; one of a single token under its plural too."""
    if term.tokens:
        first = term.tokens[0]
        for form in {first, plural(first)} if len(term.tokens) == 1 else {first}:
            terms.setdefault(form, []).append(term)


def _words(text: str) -> tuple[str, ...]:
    return tuple(token.word for token in tokens_of(text))


def _absent_value(attribute: Attribute) -> Value | None:
    return next((v for v in attribute.values if v.name == attribute.without), None)
