"""The words of a query that are searched for, in the forms in which PostgreSQL stores them."""

import re
import string
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from search.results import Correction
from search.text.function_words import ARTICLES, EXCLUDING

MAX_WORDS = 24
"""Words of a query that count. Only a product text pasted whole has more."""
PUNCTUATION_TO_SPACES = str.maketrans(string.punctuation, " " * len(string.punctuation))


@dataclass(frozen=True, slots=True)
class QueryTerm:
    """A word of a query and the forms in which PostgreSQL stores it."""

    word: str  # as typed, lower case
    stems: tuple[str, ...]  # empty: a stop word, or no word at all
    unstemmed: tuple[str, ...]

    @property
    def forms(self) -> tuple[str, ...]:
        """All forms, each once."""
        return tuple(dict.fromkeys((*self.stems, *self.unstemmed)))

    def tsquery(self, weights: str = "") -> str:
        """Return the text of a tsquery for this word.

        Args:
            weights: Letters of the fields to look into, such as `ABC`; empty: all fields.
        """
        alternatives = dict.fromkeys(
            " & ".join(f"{_lexeme(form)}:{weights}" if weights else _lexeme(form) for form in forms)
            for forms in (self.stems, self.unstemmed)
            if forms
        )
        return f"({' | '.join(f'({forms})' for forms in alternatives)})"


def _lexeme(form: str) -> str:
    """Quote a form for a tsquery."""
    escaped = form.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"


def read_terms(session: Session, typed: str) -> list[QueryTerm]:
    """Return the meaningful words of a text in order, as PostgreSQL reads them."""
    statement = text(
        "SELECT word, tsvector_to_array(to_tsvector('english', word)), "
        "tsvector_to_array(to_tsvector('simple', word)) "
        "FROM unnest(CAST(:words AS text[])) WITH ORDINALITY AS typed (word, place) ORDER BY place"
    )
    terms: dict[tuple[str, ...], QueryTerm] = {}
    for word, stems, unstemmed in session.execute(statement, {"words": searched_words(typed)}):
        if stems:
            terms.setdefault(tuple(stems), QueryTerm(word, tuple(stems), tuple(unstemmed)))
    return list(terms.values())[:MAX_WORDS]


def searched_words(typed: str) -> list[str]:
    """Return the words of a text in order, lower case, each once, without those it excludes."""
    kept: list[str] = []
    excluding = False
    for part in typed.lower().split():
        if part in EXCLUDING:
            excluding = True
        elif excluding:
            excluding = part in ARTICLES
        elif not re.match(r"-\w", part):
            kept += part.translate(PUNCTUATION_TO_SPACES).split()
    return list(dict.fromkeys(kept))


def apply_corrections(typed: str, corrections: Sequence[Correction]) -> str:
    """Return a text with its misspelt words put right, the rest as it is."""
    for correction in corrections:
        word = rf"(?<!\w){re.escape(correction.typed)}(?!\w)"
        typed = re.sub(word, correction.meant, typed, flags=re.IGNORECASE)
    return typed
