"""Finds what a text says of attributes: values it wants, values it does not want.

`find_mentions` reads the words of a vocabulary as shoppers write them: whole words, the longest
first, plurals too, whatever the case. What follows "not", "without", "anything but", "instead of"
and their like is unwanted, and its phrase is taken out of the text: an encoder reads "not black"
as black. It knows no grammar beyond that, and leaves alone what it does not know, such as
"without arms", and what is said of a part, such as "with brass legs".
"""

import re
from dataclasses import dataclass

from search.text.attribute_vocabulary import Value, Vocabulary
from search.text.negation_words import (
    FILLERS,
    FRAME,
    JOINTS,
    NEGATORS,
    NO_NEGATORS,
    NO_NOUNS,
    VocabularyTerm,
    lexicon,
    plural,
    words_of,
)
from search.text.normalise import single_spaced

_JOINED = re.compile(r"[\s-]*")


@dataclass(frozen=True, slots=True)
class Mention:
    """One value of an attribute, where a text names it."""

    value: Value
    negated: bool
    start: int  # of its own words in the text, in characters
    end: int


@dataclass(frozen=True, slots=True)
class Mentions:
    """What a text says of attributes."""

    found: tuple[Mention, ...]  # in the order of the text
    words: str  # the text without what it does not want; may be empty
    further: str  # what it says beside values; empty where only "the same, but in" is left

    @property
    def wanted(self) -> tuple[Value, ...]:
        """Values asked for, each once."""
        return tuple(dict.fromkeys(m.value for m in self.found if not m.negated))

    @property
    def unwanted(self) -> tuple[Value, ...]:
        """Values excluded, each once."""
        return tuple(dict.fromkeys(m.value for m in self.found if m.negated))


def find_mentions(text: str, vocabulary: Vocabulary) -> Mentions:
    """Return the values that a text names, and the text without the unwanted ones.

    Args:
        text: As typed.
        vocabulary: The values, and the words for them.
    """
    return _Reading(text, lexicon(vocabulary)).mentions()


@dataclass(frozen=True, slots=True)
class _Match:
    """A term found at tokens `first` to `last`, exclusive."""

    term: VocabularyTerm
    first: int
    last: int


class _Reading:
    """One text, token by token."""

    def __init__(self, text: str, lexicon: dict[str, tuple[VocabularyTerm, ...]]) -> None:
        self.text, self.lexicon = text, lexicon
        self.tokens = list(words_of(text))
        self.found: list[Mention] = []
        self.cut: list[tuple[int, int, str]] = []  # start, end, what takes its place
        self.spoken: list[tuple[int, int]] = []  # start and end of what is said of attributes

    def mentions(self) -> Mentions:
        i = 0
        while i < len(self.tokens):
            i = self._no_negator(i) or self._negation(i) or self._mention(i) or i + 1
        rest = tidied(self.text, [(start, end, "") for start, end in sorted(self.spoken)])
        further = any(token.word not in FRAME for token in words_of(rest))
        return Mentions(tuple(self.found), tidied(self.text, self.cut), rest if further else "")

    def _no_negator(self, i: int) -> int:
        """Step over what only looks like a negator."""
        return max((i + len(p) for p in NO_NEGATORS if self._says(i, p)), default=0)

    def _mention(self, i: int) -> int:
        """Take a value asked for at token i, returning where it ends; 0 where there is none."""
        match = self._match(i)
        if match is None:
            return 0
        value = match.term.value
        free = self._says(match.last, ("free",)) and self._between(match.last) == "-"
        if value is not None and free:
            self._take(match, negated=not match.term.noun)
            self._remove(i, match.last + 1, match.term)
            return match.last + 1
        if value is not None and not match.term.noun and not self._of_a_part(match):
            self._take(match, negated=False)
        elif match.term.noun:
            self.spoken.append((self.tokens[match.first].start, self.tokens[match.last - 1].end))
        return match.last

    def _negation(self, i: int) -> int:
        """Take what a negator at token i negates, returning where it ends; 0 if nothing."""
        start = self._after_negator(i)
        if not start:
            return 0
        run = self._run(start)
        if not run:
            return 0
        if self.tokens[i].word == "without" and self._names_a_part(run[-1].last):
            return run[-1].last
        heads = [run[-1], *self._listed(run[-1])]
        end = heads[-1].last
        for head in heads:
            self._take(head, negated=not head.term.noun)
        noun = self._match(end)
        if noun is not None and noun.term.noun and not heads[-1].term.noun:
            end = noun.last
        first = i - 1 if i and self.tokens[i - 1].word in ("but", "with", "just", "only") else i
        self._remove(first, end, heads[0].term)
        return end

    def _after_negator(self, i: int) -> int:
        """Return the token after a negator at i and its fillers; 0 where there is none."""
        length = max((len(p) for p in NEGATORS if self._says(i, p)), default=0)
        if not length and self._says(i, ("any",)) and self._says(i + 2, ("but",)):
            length = 3
        if not length:
            before = self.text[: self.tokens[i].start]
            return i if re.search(r"(^|\s)-$", before) else 0
        i += length
        while i < len(self.tokens) and self.tokens[i].word in FILLERS and self._joined(i):
            if self._match(i):
                break
            i += 1
        return i if self._joined(i) else 0

    def _run(self, i: int) -> list[_Match]:
        """Return the terms that follow each other from token i: "black", "striped"."""
        run: list[_Match] = []
        while match := self._match(i):
            if run and (not self._joined(i) or match.term.noun):
                break
            run.append(match)
            i = match.last
        return run

    def _listed(self, head: _Match) -> list[_Match]:
        """Return the further terms of a list: ", white or red", "/white", "and navy"."""
        listed: list[_Match] = []
        last, closed = head, 0
        while True:
            i = last.last
            gap = self._between(i).strip()
            joint = self.tokens[i].word if i < len(self.tokens) and gap in ("", ",") else ""
            if joint in JOINTS:
                i += 1
                while joint != "and" and i < len(self.tokens) and self.tokens[i].word in FILLERS:
                    i += 1
            elif gap not in (",", "/", "&"):
                break
            run = self._run(i)
            alike = run and _attribute(run[0]) == _attribute(head)
            if not run or (joint not in ("or", "nor") and not alike):
                break
            last = run[-1]
            listed.append(last)
            if joint in JOINTS or gap in ("/", "&"):
                closed = len(listed)
        return listed[:closed]  # a comma alone ends what is negated: "not black, white"

    def _of_a_part(self, match: _Match) -> bool:
        """Return whether a value is said of a part: "with brass legs"."""
        i = match.first - 1
        while i >= 0 and self._joined(i + 1):
            word = self.tokens[i].word
            if word == "with":
                return self._names_a_part(match.last)
            if word in ("in", "of"):
                return False
            i -= 1
        return False

    def _names_a_part(self, i: int) -> bool:
        """Return whether token i goes on the phrase before it with a noun of no attribute."""
        while i < len(self.tokens) and self._joined(i):
            match = self._match(i)
            if match is None:
                return self.tokens[i].word not in NO_NOUNS
            if match.term.noun:
                return False
            i = match.last
        return False

    def _match(self, i: int) -> _Match | None:
        """Return the longest term that begins at token i."""
        if i >= len(self.tokens):
            return None
        for term in self.lexicon.get(self.tokens[i].word, ()):
            if self._says_term(i, term.tokens):
                return _Match(term, i, i + len(term.tokens))
        return None

    def _says_term(self, i: int, tokens: tuple[str, ...]) -> bool:
        """Return whether these tokens stand at i in one piece, the last perhaps in the plural."""
        here = [token.word for token in self.tokens[i : i + len(tokens)]]
        return (
            here[:-1] == list(tokens[:-1])
            and len(here) == len(tokens)
            and here[-1] in (tokens[-1], plural(tokens[-1]))
            and all(self._joined(j) for j in range(i + 1, i + len(tokens)))
        )

    def _says(self, i: int, words: tuple[str, ...]) -> bool:
        return tuple(token.word for token in self.tokens[i : i + len(words)]) == words

    def _between(self, i: int) -> str:
        """Return what stands between tokens i - 1 and i."""
        if not 0 < i < len(self.tokens):
            return ""
        return self.text[self.tokens[i - 1].end : self.tokens[i].start]

    def _joined(self, i: int) -> bool:
        return i < len(self.tokens) and _JOINED.fullmatch(self._between(i)) is not None

    def _take(self, match: _Match, *, negated: bool) -> None:
        if match.term.value is not None:
            start, end = self.tokens[match.first].start, self.tokens[match.last - 1].end
            self.found.append(Mention(match.term.value, negated, start, end))
            self.spoken.append((start, end))

    def _remove(self, first: int, end: int, term: VocabularyTerm) -> None:
        """Cut tokens out of the text; "without a pattern" becomes "plain"."""
        instead = term.value.name if term.noun and term.value is not None else ""
        start, stop = self.tokens[first].start, self.tokens[end - 1].end
        self.cut.append((start, stop, instead))
        self.spoken.append((start, stop))


def tidied(text: str, cut: list[tuple[int, int, str]]) -> str:
    """Return a text with parts of it replaced, its spaces and commas put in order."""
    if not cut:
        return text.strip()
    left, at = "", 0
    for start, end, instead in cut:
        if end > at:
            left += text[at : max(start, at)] + instead
            at = end
    left = single_spaced(left + text[at:])
    left = re.sub(r"\s*,\s*(?=[,.;?!]|$)|^\s*[,;-]+\s*|\s*-\s*$", "", left)
    return re.sub(r"\s+(?=[,.;?!])", "", left).strip()


def _attribute(match: _Match) -> str:
    return match.term.value.attribute if match.term.value is not None else ""
