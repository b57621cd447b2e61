"""From a query to a question: what may be asked, and how a photo and words become one vector."""

from dataclasses import replace

import numpy as np
import sqlalchemy

from search.columns import Mask
from search.encoder import Encoder
from search.errors import UnusableQuery
from search.generation import Generation
from search.lexical import find_words
from search.question import Question
from search.ranking import Stopwatch
from search.results import Ids, Query, Vector

MAX_K = 100
MAX_TEXT = 2000
MAX_KEPT = 20_000
"""Rows that a filter may keep for their products to be named to PostgreSQL."""
PHOTO_WEIGHT = 0.5
"""Share of the photo when text is added to it; the text has the rest."""


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


def encode_query(encoder: Encoder, query: Query) -> Vector:
    """Return the query's vector.

    A photo with text is the weighted sum of both vectors: the simplest composition that
    works in a space shared by pictures and words.

    Args:
        encoder: The model.
        query: Checked; it has a photo, a text, or both.

    Returns:
        (d,) float32, unit length.
    """
    words = query.text.strip()
    parts: list[tuple[float, Vector]] = []
    if query.photo is not None:
        picture = query.box.crop(query.photo) if query.box is not None else query.photo
        weight = PHOTO_WEIGHT if words else 1.0
        parts.append((weight, encoder.encode_images([picture])[0]))
    if words:
        parts.append((1 - PHOTO_WEIGHT, encoder.encode_texts([words])[0]))
    mixed = np.sum([weight * vector for weight, vector in parts], axis=0)
    return np.asarray(mixed / np.linalg.norm(mixed), dtype=np.float32)


def understand(
    query: Query,
    encoder: Encoder,
    generation: Generation,
    database: sqlalchemy.Engine,
    *,
    watch: Stopwatch | None = None,
) -> Question:
    """Return what a query asks of a generation.

    Args:
        query: Checked; it has a photo, a text, or both.
        encoder: The model that built the generation.
        generation: Its columns say which rows the filters keep.
        database: Where the products' words are.
        watch: Takes the time of each step: words, encode.
    """
    watch = watch or Stopwatch()
    keep = generation.columns.mask(query.filters) if query.filters else None
    with watch.step("words"):
        lexical = find_words(
            database,
            query.text.strip(),
            generation.words,
            generation.manifest.products,
            within=_few(generation, keep),
        )
    with watch.step("encode"):
        vector = encode_query(encoder, replace(query, text=lexical.text))
    return Question(
        vector=vector,
        kind=query.kind,
        text=lexical.text,
        lexical=lexical,
        brand=generation.columns.of_brand(lexical.text),
        keep=keep,
    )


def _few(generation: Generation, keep: Mask | None) -> Ids | None:
    """Return the products that a narrow filter keeps, (p,) int64; None where there are many."""
    if keep is None or np.count_nonzero(keep) > MAX_KEPT:
        return None
    return np.unique(generation.columns.product_id[keep])
