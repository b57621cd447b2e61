"""From a query to a question: what may be asked, and how a photo and words become one vector."""

import numpy as np

from search.encoder import Encoder
from search.errors import UnusableQuery
from search.generation import Generation
from search.question import Question
from search.results import Query, Vector

MAX_K = 100
MAX_TEXT = 2000
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


def understand(query: Query, encoder: Encoder, generation: Generation) -> Question:
    """Return what a query asks of a generation.

    Args:
        query: Checked; it has a photo, a text, or both.
        encoder: The model that built the generation.
        generation: Its columns say which rows the filters keep.
    """
    return Question(
        vector=encode_query(encoder, query),
        kind=query.kind,
        text=query.text.strip(),
        keep=generation.columns.mask(query.filters) if query.filters else None,
    )
