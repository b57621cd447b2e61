"""Checks a query, and understands it: what it asks of a generation."""

import numpy as np
import sqlalchemy

from search.errors import UnusableQuery
from search.index.generation_files import Generation
from search.index.product_columns import Mask
from search.query.photo_and_text import Composer, kept_by_both
from search.query.understood_query import UnderstoodQuery
from search.results import Ids, Query
from search.telemetry.step_timer import Stopwatch
from search.text.fulltext_search import find_by_words

MAX_K = 1000
"""Products per page of staff's lists. Shoppers and programs get at most 100."""
MAX_TEXT = 2000
"""Characters."""
MAX_LISTED_ROWS = 20_000
"""Rows that a filter keeps up to which PostgreSQL searches only their products."""


def check(query: Query) -> None:
    """Refuse a query that asks for nothing or has a value that is not allowed.

    Raises:
        UnusableQuery: says which field and what is allowed.
    """
    if query.photo is None and not query.text.strip():
        raise UnusableQuery("Give a photo, a text, or both.")
    if len(query.text) > MAX_TEXT:
        raise UnusableQuery(f"text has {len(query.text)} characters; at most {MAX_TEXT} are read.")
    if "\x00" in query.text:
        raise UnusableQuery("text holds a NUL character; leave it out.")
    check_paging(query.k, query.page)


def check_paging(k: int, page: int) -> None:
    """Refuse page sizes and page numbers that are out of range.

    Raises:
        UnusableQuery: says what is allowed.
    """
    if not 1 <= k <= MAX_K:
        raise UnusableQuery(f"k is {k}; it must be 1 to {MAX_K}.")
    if page < 1:
        raise UnusableQuery(f"page is {page}; pages count from 1.")


def understand(
    query: Query,
    composer: Composer,
    generation: Generation,
    database: sqlalchemy.Engine,
    *,
    stopwatch: Stopwatch | None = None,
) -> UnderstoodQuery:
    """Return what a query asks of a generation.

    Args:
        query: Checked; it has a photo, a text, or both.
        composer: Composes photo and words with the model that built the generation.
        generation: The one that is searched.
        database: Finds products by their words.
        stopwatch: Takes the time of each step: words, encode.
    """
    stopwatch = stopwatch or Stopwatch()
    text = query.text.strip()
    filtered = generation.columns.mask(query.filters) if query.filters else None
    with stopwatch.step("words"):
        mentions = composer.read(text)
        lexical = find_by_words(
            database,
            mentions.wanted_text,  # an unwanted value must not be found
            generation.words,
            generation.manifest.products,
            within=_listed_products(generation, filtered),
        )
        if lexical.corrections:
            mentions = composer.read_corrected(mentions, lexical.text)
    with stopwatch.step("encode"):
        composed = composer.compose(query, mentions, generation)
    return UnderstoodQuery(
        vector=composed.vector,
        kind=query.kind,
        photo=composed.photo,
        text=text if mentions.unwanted else lexical.text,
        lexical=lexical,
        brand_rows=generation.columns.of_brand(lexical.text),
        keep=kept_by_both(filtered, composed.keep),
        wishes=composed.wishes,
    )


def _listed_products(generation: Generation, keep: Mask | None) -> Ids | None:
    """Return the products that a narrow filter keeps, (p,) int64; None where it keeps many."""
    if keep is None or np.count_nonzero(keep) > MAX_LISTED_ROWS:
        return None
    return np.unique(generation.columns.product_id[keep])
