"""The words of a vocabulary and of the grammar around them, as texts are searched for them.

It knows English function words, which `search.text.attribute_mentions` reads attributes by; it
reads no text itself.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from search.text.attribute_vocabulary import Attribute, Value, Vocabulary

NEGATORS = tuple(
    tuple(phrase.split())
    for phrase in (
        "anything but", "everything but", "all but", "instead of", "rather than", "other than",
        "apart from", "aside from", "not", "no", "non", "nor", "neither", "never", "without",
        "except", "excluding", "minus", "avoid", "don't", "dont", "doesn't", "isn't", "aren't",
        "can't", "won't", "shouldn't", "mustn't", "hate", "dislike",
    )
)  # fmt: skip
NO_NEGATORS = (("not", "only"), ("not", "just"), ("nothing", "but"))
"""What looks like one."""
FILLERS = frozenset((
    "a", "an", "the", "any", "its", "it", "this", "that", "these", "those", "in", "of", "made",
    "from", "with", "such", "so", "too", "very", "really", "be", "being", "have", "having",
    "want", "like", "need", "for", "one", "ones", "colored", "coloured", "all",
))  # fmt: skip
"""Words that may stand between a negator and what it negates."""
NO_NOUNS = frozenset((
    "instead", "please", "and", "or", "but", "on", "in", "for", "with", "to", "of", "not", "no",
    "as", "like", "too", "also", "all", "over", "only", "at", "from", "if", "thanks", "this",
    "that", "one", "ones", "without", "except", "is", "are", "it", "than", "nor", "rather", "i",
    "we", "you",
))  # fmt: skip
"""Words that are not the name of a part."""

JOINTS = frozenset({"or", "nor", "and"})
FRAME = NO_NOUNS | FILLERS | frozenset((
    "same", "similar", "thing", "things", "something", "shape", "style", "kind", "type",
    "version", "just", "still", "there", "me", "my", "some", "make", "show", "give", "find",
    "get", "looking", "look", "search", "would", "could", "can", "do", "does", "prefer", "hi",
    "hello", "different", "other", "another", "colour", "color",
))  # fmt: skip
"""Words that say nothing of a thing when all else is taken out: "the same, but in"."""

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")


@dataclass(frozen=True, slots=True)
class VocabularyTerm:
    """A value's word, or an attribute's own noun."""

    tokens: tuple[str, ...]
    value: Value | None  # None: the noun of an attribute without a value for its absence
    noun: bool


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a text, folded, and where it stands."""

    word: str
    start: int
    end: int


def words_of(text: str) -> Iterator[Token]:
    """Yield the words of a text; hyphens part them, apostrophes do not."""
    for word in _WORD.finditer(text.replace("\u2019", "'")):
        yield Token(word.group().casefold(), *word.span())


@lru_cache(maxsize=8)
def lexicon(vocabulary: Vocabulary) -> dict[str, tuple[VocabularyTerm, ...]]:
    """Return the terms by the first token, the longest first; earlier values win ties."""
    terms: dict[str, list[VocabularyTerm]] = {}
    for attribute in vocabulary.attributes:
        for value in attribute.values:
            for word in value.words:
                _add(
                    terms, VocabularyTerm(tuple(t.word for t in words_of(word)), value, noun=False)
                )
        for noun in attribute.nouns:
            tokens = tuple(t.word for t in words_of(noun))
            _add(terms, VocabularyTerm(tokens, _absence(attribute), noun=True))
    return {
        first: tuple(sorted(found, key=lambda term: -len(term.tokens)))
        for first, found in terms.items()
    }


def _add(terms: dict[str, list[VocabularyTerm]], term: VocabularyTerm) -> None:
    """File a term under the singular and the plural of its first token."""
    if term.tokens:
        first = term.tokens[0]
        for form in {first, plural(first)} if len(term.tokens) == 1 else {first}:
            terms.setdefault(form, []).append(term)


def _absence(attribute: Attribute) -> Value | None:
    return next((v for v in attribute.values if v.name == attribute.without), None)


def plural(word: str) -> str:
    """Return the plural of a noun; one in -s is left alone, for "glasses" are no glass."""
    return word if word.endswith("s") else f"{word}s"
