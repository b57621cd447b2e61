"""Records searches: one row of `search_event` for each answered query, without personal data."""

from dataclasses import asdict

import sqlalchemy
from sqlalchemy.orm import Session

from search.database.models import SearchEvent
from search.results import Filters, SearchHit, SearchPage


def record_search(
    session: Session, page: SearchPage, *, kind: str, text: str, filters: Filters
) -> int:
    """Record a search. Return the id of its row.

    Args:
        session: Open session; the caller commits.
        page: The page that was shown.
        kind: `photo`, `text`, `both` or `similar`.
        text: The words of the query; of `similar`, the sku of the product.
        filters: Those of the query. Only fields that restrict are stored.
    """
    event = SearchEvent(
        kind=kind,
        text=text.strip() or None,
        filters={
            name: value for name, value in asdict(filters).items() if value not in ((), {}, None)
        },
        page=page.page,
        generation_id=page.generation_id,
        total=page.total,
        shown=[entry for hit in page.hits for entry in _shown(hit)],
        verdict=page.verdict,
        elapsed_ms=round(sum(page.timings_ms.values()), 2),
    )
    # The search does not wait for the disk. A power cut loses only the last searches' statistics.
    session.execute(sqlalchemy.text("SET LOCAL synchronous_commit = off"))
    session.add(event)
    session.flush()
    return event.id


def _shown(hit: SearchHit) -> list[tuple[int, float | None, int]]:
    """Return (product id, similarity, rank) of a hit and its variants, which have no similarity."""
    variants = [(card.product_id, None, hit.rank) for card in hit.variants]
    return [(hit.product.product_id, round(hit.similarity, 4), hit.rank), *variants]
