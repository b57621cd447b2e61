"""The words of a query that are looked for, in the forms in which PostgreSQL stores them."""

import re
import string
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from search.results import Correction

MAX_WORDS = 24
"""Words of a query that count; a product text pasted whole is longer."""
NEGATIONS = frozenset({"not", "without", "except"})
"""The word after one of these is not looked for."""
ARTICLES = frozenset({"a", "an", "the", "any"})
SPACES = str.maketrans(string.punctuation, " " * len(string.punctuation))


@dataclass(frozen=True, slots=True)
class QueryTerm:
    """A word of a query and the forms in which PostgreSQL stores it."""

    word: str  # as typed, lower case
    stems: tuple[str, ...]  # empty: a stop word, or no word at all
    plain: tuple[str, ...]  # unstemmed

    @property
    def forms(self) -> tuple[str, ...]:
        """All forms, each once."""
        return tuple(dict.fromkeys((*self.stems, *self.plain)))

    def tsquery(self, weights: str = "") -> str:
        """Return the text of a tsquery for this word, in fields of these weights."""
        alternatives = dict.fromkeys(
            " & ".join(f"{_lexeme(form)}:{weights}" if weights else _lexeme(form) for form in forms)
            for forms in (self.stems, self.plain)
            if forms
        )
        return f"({' | '.join(f'({forms})' for forms in alternatives)})"


def _lexeme(form: str) -> str:
    """Quote a form for a tsquery."""
    escaped = form.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"


def read_terms(session: Session, typed: str) -> list[QueryTerm]:
    """Return the words of a text that mean something, in order, as PostgreSQL reads them."""
    statement = text(
        "SELECT word, tsvector_to_array(to_tsvector('english', word)), "
        "tsvector_to_array(to_tsvector('simple', word)) "
        "FROM unnest(CAST(:words AS text[])) WITH ORDINALITY AS typed (word, place) ORDER BY place"
    )
    terms: dict[tuple[str, ...], QueryTerm] = {}
    for word, stems, plain in session.execute(statement, {"words": looked_for(typed)}):
        if stems:
            terms.setdefault(tuple(stems), QueryTerm(word, tuple(stems), tuple(plain)))
    return list(terms.values())[:MAX_WORDS]


def looked_for(typed: str) -> list[str]:
    """Return the words of a text in order, lower case, each once, without those it excludes."""
    kept: list[str] = []
    excluding = False
    for part in typed.lower().split():
        if part in NEGATIONS:
            excluding = True
        elif excluding:
            excluding = part in ARTICLES
        elif not re.match(r"-\w", part):
            kept += part.translate(SPACES).split()
    return list(dict.fromkeys(kept))


def corrected(typed: str, corrections: Sequence[Correction]) -> str:
    """Return a text with its misspelt words put right, the rest as it is."""
    for correction in corrections:
        word = rf"(?<!\w){re.escape(correction.typed)}(?!\w)"
        typed = re.sub(word, correction.meant, typed, flags=re.IGNORECASE)
    return typed
