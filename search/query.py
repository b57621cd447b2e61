"""From a query to a question: what may be asked, and what it asks of a generation."""

from search.composer import Composer, both
from search.errors import UnusableQuery
from search.generation import Generation
from search.question import Question
from search.results import Query

MAX_K = 100
MAX_TEXT = 2000


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


def understand(query: Query, composer: Composer, generation: Generation) -> Question:
    """Return what a query asks of a generation.

    Args:
        query: Checked; it has a photo, a text, or both.
        composer: Reads photo and words, with the model that built the generation.
        generation: Its columns say which rows the filters keep.
    """
    composed = composer.compose(query, generation)
    kept = generation.columns.mask(query.filters) if query.filters else None
    return Question(
        vector=composed.vector,
        kind=query.kind,
        text=query.text.strip(),
        keep=both(kept, composed.keep),
        wishes=composed.wishes,
    )
