"""What was asked and shown: one `search_event` row for each answered query, no personal data."""

from dataclasses import asdict

import sqlalchemy
from sqlalchemy.orm import Session

from search.database.models import SearchEvent
from search.results import Filters, SearchHit, SearchPage


def record_search(
    session: Session, page: SearchPage, *, kind: str, text: str, filters: Filters
) -> int:
    """Write the row and return its id.

    Args:
        session: Open session; the caller commits.
        page: What was shown.
        kind: `photo`, `text`, `both` or `similar`.
        text: The words asked for, or the sku that was to be resembled.
        filters: What hits had to be; only what restricts is kept.
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
    # Nobody waits for the disk: what is lost in a power cut is the last searches' statistics.
    session.execute(sqlalchemy.text("SET LOCAL synchronous_commit = off"))
    session.add(event)
    session.flush()
    return event.id


def _shown(hit: SearchHit) -> list[tuple[int, float | None, int]]:
    """Return a hit, then its variants, which have no similarity of their own here."""
    variants = [(card.product_id, None, hit.rank) for card in hit.variants]
    return [(hit.product.product_id, round(hit.similarity, 4), hit.rank), *variants]
