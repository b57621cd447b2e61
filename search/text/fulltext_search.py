"""Finds products by their words: full text search of titles, brands, skus and descriptions.

PostgreSQL finds which products hold which words. This module weighs the words by their rarity,
which `ts_rank` does not know. Typed text is bound as a parameter and never put into SQL. Stop
words find nothing. A word that the catalogue lacks is read as the nearest that it has.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import sqlalchemy
from sqlalchemy import bindparam, func, select, text
from sqlalchemy.orm import Session

from search.database.connection import answer_from
from search.database.fulltext_columns import SKU_SIGNS
from search.database.models import Product
from search.results import Correction, Ids
from search.text.query_terms import MAX_WORDS, QueryTerm, apply_corrections, read_terms
from search.text.word_counts import CatalogueWords

MAX_PRODUCTS = 3000
"""Products that words may find. Words that find more say too little; pictures alone decide then."""
MAX_SKUS = 50
"""Products whose sku begins as typed."""
SHORTEST_SKU = 3
LONGEST_SKU = 200
DESCRIPTION_WEIGHT = 0.5
"""Weight of a word that only the description holds. In title, brand or category it weighs 1."""


class Match(IntEnum):
    """How well a product matches the words: the higher, the better."""

    SOME_WORDS = 0
    ALL_WORDS = 1
    SKU_BEGINS = 2
    SKU = 3


@dataclass(frozen=True, slots=True)
class Lexical:
    """What the words of a query found; all arrays have length n, best first."""

    text: str = ""  # as searched: as typed, misspelt words corrected
    words: tuple[str, ...] = ()  # searched for, at most MAX_WORDS
    product_ids: Ids = field(default_factory=lambda: np.empty(0, np.int64))
    matches: npt.NDArray[np.int8] = field(default_factory=lambda: np.empty(0, np.int8))  # `Match`
    scores: npt.NDArray[np.float32] = field(  # 0..1, weight of the found words among all words
        default_factory=lambda: np.empty(0, np.float32)
    )
    word_bits: Ids = field(  # bit i is set where the product holds `words[i]`
        default_factory=lambda: np.empty(0, np.int64)
    )
    corrections: tuple[Correction, ...] = ()

    def __len__(self) -> int:
        return len(self.product_ids)

    def match(self, product_id: int) -> tuple[Match, tuple[str, ...]] | None:
        """Return how a product matches, and the words it holds; None where it does not match."""
        places = np.flatnonzero(self.product_ids == product_id)
        if len(places) == 0:
            return None
        bits = int(self.word_bits[places[0]])
        words = tuple(word for i, word in enumerate(self.words) if bits >> i & 1)
        return Match(int(self.matches[places[0]])), words


def find_by_words(
    database: sqlalchemy.Engine,
    typed: str,
    words: CatalogueWords,
    products: int,
    *,
    within: Ids | None = None,
) -> Lexical:
    """Return the products that a text names by sku or by words.

    Args:
        database: The catalogue.
        typed: What was typed; no NUL characters.
        words: The words of the catalogue.
        products: How many products it has.
        within: (p,) ids of products to search; None: all.

    Returns:
        The products whose sku is the text or begins with it, then those that hold its words.
        Nothing where the text holds only stop words.
    """
    if not typed:
        return Lexical()
    return answer_from(
        database, lambda session: _find(session, typed, words, products, within=within)
    )


def _find(
    session: Session, typed: str, words: CatalogueWords, products: int, *, within: Ids | None
) -> Lexical:
    terms = read_terms(session, typed)
    skus = _skus(session, typed, within)
    lacking = [term for term in terms if not words.holding(term.forms)]
    exact = any(match == Match.SKU for match in skus.values())
    if exact or not lacking:
        # A text of the catalogue's words is not the beginning of a sku.
        skus = {i: match for i, match in skus.items() if match == Match.SKU}
    corrections: tuple[Correction, ...] = ()
    if lacking and not skus:
        corrections = _corrections(session, lacking, words)
        if corrections:
            typed = apply_corrections(typed, corrections)
            terms = read_terms(session, typed)
    rows = _matching_rows(session, terms, words, within)
    rarity = words.rarity([term.forms for term in terms], products)
    return _ordered(typed, terms, rarity, rows, skus, corrections)


def _skus(session: Session, typed: str, within: Ids | None) -> dict[int, Match]:
    """Return the products whose sku, without case and signs, is the text or begins with it."""
    if len(typed) > LONGEST_SKU:
        return {}
    key = func.lower(func.translate(bindparam("typed", typed.strip()), SKU_SIGNS, ""))
    statement = (
        select(Product.id, Product.sku_key == key)
        .where(
            func.length(key) >= SHORTEST_SKU,
            Product.sku_key >= key,
            Product.sku_key < func.concat(key, "\U0010ffff"),
            Product.retired_at.is_(None),
        )
        .order_by(Product.sku_key, Product.id)
        .limit(MAX_SKUS)
    )
    if within is not None:
        statement = statement.where(Product.id == func.any(within.tolist()))
    rows = session.execute(statement)
    return {int(i): Match.SKU if exact else Match.SKU_BEGINS for i, exact in rows}


def _corrections(
    session: Session, lacking: Sequence[QueryTerm], words: CatalogueWords
) -> tuple[Correction, ...]:
    """Return what misspelt words mean. A word that a newer product holds is not misspelt."""
    guesses = {term.word: words.correction(term.word) for term in lacking}
    unsure = [term for term in lacking if guesses[term.word]]
    if not unsure:
        return ()
    statement = text(
        "SELECT word FROM unnest(CAST(:words AS text[]), CAST(:queries AS text[])) AS t (word, q) "
        "WHERE EXISTS (SELECT FROM product WHERE search @@ CAST(q AS tsquery))"
    )
    given = {"words": [t.word for t in unsure], "queries": [t.tsquery() for t in unsure]}
    newer = set(session.scalars(statement, given))
    return tuple(
        Correction(term.word, meant)
        for term in unsure
        if (meant := guesses[term.word]) is not None and term.word not in newer
    )


def _matching_rows(
    session: Session, terms: Sequence[QueryTerm], words: CatalogueWords, within: Ids | None
) -> npt.NDArray[np.int64]:
    """Return (n, 2): a product id, and two bits for each word.

    Bit 2i is set where the product holds word i, bit 2i + 1 where its sku, title, brand, category
    or colour does. Products are looked up by the rarer words, and by all words together. Those
    that hold common words alone are too many, and say too little.
    """
    none = np.empty((0, 2), np.int64)
    if not terms:
        return none
    rare, budget = [], MAX_PRODUCTS
    for term in sorted(terms, key=lambda term: words.holding(term.forms)):
        budget -= words.holding(term.forms)
        if budget < 0 and within is None:
            break
        rare.append(term.tsquery())
    together = f"({' & '.join(term.tsquery() for term in terms)})"
    given: dict[str, object] = {"any": " | ".join([*rare, together]), "most": MAX_PRODUCTS + 1}
    for i, term in enumerate(terms):
        given |= {f"word{i}": term.tsquery(), f"strong{i}": term.tsquery("ABC")}
    if within is not None:
        given["within"] = within.tolist()
    rows = session.execute(_matching_statement(len(terms), within is not None), given).all()
    if not rows or len(rows) > MAX_PRODUCTS:
        return none
    return np.array([tuple(row) for row in rows], dtype=np.int64)


@lru_cache(maxsize=2 * MAX_WORDS)
def _matching_statement(words: int, narrowed: bool) -> sqlalchemy.TextClause:
    """Return the statement for so many words. Between queries only its parameters differ."""
    bits = " | ".join(
        f"CASE WHEN NOT search @@ CAST(:word{i} AS tsquery) THEN 0 "
        f"WHEN search @@ CAST(:strong{i} AS tsquery) THEN {3 << 2 * i} ELSE {1 << 2 * i} END"
        for i in range(words)
    )
    return text(
        f"SELECT id, {bits} FROM product "  # noqa: S608
        "WHERE search @@ CAST(:any AS tsquery) AND retired_at IS NULL "
        f"{'AND id = ANY(:within) ' if narrowed else ''}LIMIT :most"
    )


def _ordered(
    typed: str,
    terms: Sequence[QueryTerm],
    rarity: npt.NDArray[np.float32],
    rows: npt.NDArray[np.int64],
    skus: dict[int, Match],
    corrections: tuple[Correction, ...],
) -> Lexical:
    """Return products in order: by sku, then by the weight of the words they hold."""
    found_by_words = set(rows[:, 0].tolist())
    by_sku_only = [(product, 0) for product in skus if product not in found_by_words]
    rows = np.vstack([rows, np.array(by_sku_only, np.int64).reshape(-1, 2)])
    product_ids, bits = rows.T
    places = np.arange(len(terms))
    found = bits[:, None] >> 2 * places & 1
    strong = bits[:, None] >> 2 * places + 1 & 1
    weights = rarity / rarity.sum() if len(terms) else rarity
    scores = (DESCRIPTION_WEIGHT * found + (1 - DESCRIPTION_WEIGHT) * strong) @ weights
    matches = np.where(found.all(axis=1), Match.ALL_WORDS, Match.SOME_WORDS).astype(np.int8)
    for i, product in enumerate(product_ids.tolist()):
        matches[i] = skus.get(product, matches[i])
    order = np.lexsort((product_ids, -scores, -np.maximum(matches, Match.ALL_WORDS)))
    return Lexical(
        text=typed,
        words=tuple(term.word for term in terms),
        product_ids=product_ids[order],
        matches=matches[order],
        scores=scores[order].astype(np.float32),
        word_bits=(found[order] << places).sum(axis=1),
        corrections=corrections,
    )
