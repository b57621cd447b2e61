"""From a query to a question: what may be asked, and what it asks of a generation."""

from dataclasses import replace

import numpy as np
import sqlalchemy

from search.errors import UnusableQuery
from search.index.generation_files import Generation
from search.index.product_columns import Mask
from search.query.photo_and_text import Composer, both
from search.query.understood_query import UnderstoodQuery
from search.results import Ids, Query
from search.telemetry.step_timer import Stopwatch
from search.text.fulltext_search import find_words

MAX_K = 1000
"""Of staff's lists; shoppers and programs get 100."""
MAX_TEXT = 2000
MAX_KEPT = 20_000
"""Rows that a filter may keep for their products to be named to PostgreSQL."""


def check(query: Query) -> None:
    """Refuse a query that asks for nothing or for nonsense.

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
    """Refuse page sizes and numbers that make no sense.

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
    watch: Stopwatch | None = None,
) -> UnderstoodQuery:
    """Return what a query asks of a generation.

    Args:
        query: Checked; it has a photo, a text, or both.
        composer: Reads photo and words, with the model that built the generation.
        generation: Its columns say which rows the filters keep.
        database: Where the products' words are.
        watch: Takes the time of each step: words, encode.
    """
    watch = watch or Stopwatch()
    kept = generation.columns.mask(query.filters) if query.filters else None
    with watch.step("words"):
        said = composer.read(query.text.strip())
        lexical = find_words(
            database,
            said.words,  # what is not wanted must not be found
            generation.words,
            generation.manifest.products,
            within=_few(generation, kept),
        )
        if lexical.corrections:
            corrected = composer.read(lexical.text)
            excluded = tuple(mention for mention in said.found if mention.negated)
            said = replace(corrected, found=corrected.found + excluded)
    with watch.step("encode"):
        composed = composer.compose(query, said, generation)
    return UnderstoodQuery(
        vector=composed.vector,
        kind=query.kind,
        looked=composed.looked,
        text=query.text.strip() if said.unwanted else lexical.text,
        lexical=lexical,
        brand=generation.columns.of_brand(lexical.text),
        keep=both(kept, composed.keep),
        wishes=composed.wishes,
    )


def _few(generation: Generation, keep: Mask | None) -> Ids | None:
    """Return the products that a narrow filter keeps, (p,) int64; None where there are many."""
    if keep is None or np.count_nonzero(keep) > MAX_KEPT:
        return None
    return np.unique(generation.columns.product_id[keep])
