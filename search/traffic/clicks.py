"""Clicks: which shown product was opened, and what clicks say about relevance.

A click holds an answer, a product and its rank, and no person, address or session. It is refused
where the answer did not show the product. The page that shows the answer asks for consent.

Shoppers open what stands first, relevant or not. Relevance is therefore judged by clicks over
expected clicks (Zhang and Jones 2007, doi:10.1145/1242572.1242742): how often a product was opened,
divided by how often products at its ranks are opened on average.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from search.database.models import Click, Product, SearchEvent
from search.errors import NotShown, UnknownEvent, UnknownProduct
from search.text.normalise import normalised

RELEVANT_FROM = 0.5
"""Clicks over expected clicks. Products at high ranks are mostly relevant, so half the average of
their rank is enough. Accidental clicks stay far below."""
PRIOR_SHOWN = 20
"""Impressions that every rank is credited with at the average rate. They keep the rate of a rank
that was seldom shown from being an accident."""


def record_click(session: Session, event_id: int, sku: str, rank: int) -> bool:
    """Record that a shown product was opened. Return False where that was recorded before.

    Args:
        session: Open session; the caller commits.
        event_id: The answer that showed it.
        sku: The product.
        rank: Its rank in that answer, counted from 1 over all pages.

    Raises:
        UnknownEvent: there is no such answer.
        UnknownProduct: no product has this sku.
        NotShown: the answer did not show the product at this rank.
    """
    shown = session.scalar(select(SearchEvent.shown).where(SearchEvent.id == event_id))
    if shown is None:
        raise UnknownEvent(event_id)
    product_id = session.scalar(select(Product.id).where(Product.sku == sku))
    if product_id is None:
        raise UnknownProduct(sku)
    if (product_id, rank) not in {(product, at) for product, _, at in shown}:
        raise NotShown(event_id, sku, rank)
    new = session.scalar(
        insert(Click)
        .values(search_event_id=event_id, product_id=product_id, rank=rank)
        .on_conflict_do_nothing()
        .returning(Click.id)
    )
    return new is not None


@dataclass(frozen=True, slots=True)
class ClickedText:
    """A text query and the products that clicks call relevant."""

    text: str  # normalised
    skus: tuple[str, ...]  # the highest clicks over expected clicks first
    clicks: int  # on these products


@dataclass(frozen=True, slots=True)
class _Shown:
    """One product in one answer to a text."""

    text: str
    product_id: int
    rank: int
    clicked: bool


def clicked_texts(
    session: Session, *, since_days: float | None = None, min_clicks: int = 2
) -> list[ClickedText]:
    """Return the relevant products of text queries, in the order of the texts.

    Args:
        session: Open session.
        since_days: Read the answers of the last days only; None: all that are kept.
        min_clicks: Fewer clicks on a product for a text say nothing.
    """
    last = session.scalar(select(func.max(SearchEvent.id))) or 0  # both passes read the same events
    rates = _rates(_shown(session, since_days, last))
    clicks: Counter[tuple[str, int]] = Counter()
    expected: defaultdict[tuple[str, int], float] = defaultdict(float)
    for each in _shown(session, since_days, last):
        clicks[each.text, each.product_id] += each.clicked
        expected[each.text, each.product_id] += rates[each.rank]
    relevant: defaultdict[str, list[tuple[float, int, int]]] = defaultdict(list)
    for (text, product_id), count in clicks.items():
        if count < min_clicks:
            continue
        ratio = count / expected[text, product_id]
        if ratio >= RELEVANT_FROM:
            relevant[text].append((-ratio, product_id, count))
    skus = _skus(session, {product for found in relevant.values() for _, product, _ in found})
    judged = []
    for text in sorted(relevant):
        found = [(skus[p], count) for _, p, count in sorted(relevant[text]) if p in skus]
        if found:
            judged.append(
                ClickedText(text, tuple(sku for sku, _ in found), sum(c for _, c in found))
            )
    return judged


def _rates(shown: Iterable[_Shown]) -> dict[int, float]:
    """Return how often products at each rank are opened, per time shown."""
    times: Counter[int] = Counter()
    opened: Counter[int] = Counter()
    for each in shown:
        times[each.rank] += 1
        opened[each.rank] += each.clicked
    mean = opened.total() / max(times.total(), 1)
    return {
        rank: (opened[rank] + PRIOR_SHOWN * mean) / (count + PRIOR_SHOWN)
        for rank, count in times.items()
    }


def _shown(session: Session, since_days: float | None, last: int) -> Iterator[_Shown]:
    """Yield every product that an answer to a text showed."""
    opened = (
        select(Click.search_event_id, func.array_agg(Click.product_id).label("products"))
        .group_by(Click.search_event_id)
        .subquery()
    )
    statement = (
        select(SearchEvent.text, SearchEvent.shown, opened.c.products)
        .outerjoin(opened, opened.c.search_event_id == SearchEvent.id)
        .where(SearchEvent.kind == "text", SearchEvent.text.is_not(None), SearchEvent.id <= last)
        .order_by(SearchEvent.id)
    )
    if since_days is not None:
        first = datetime.now(UTC) - timedelta(days=since_days)
        statement = statement.where(SearchEvent.created_at >= first)
    for text, shown, products in session.execute(statement.execution_options(yield_per=1000)):
        clicked = set(products or ())
        asked = normalised(text)
        for product_id, similarity, rank in shown:
            opened_it = product_id in clicked
            # Variants are shown small, below another product. Not opening one says nothing.
            if similarity is not None or opened_it:
                yield _Shown(asked, product_id, rank, opened_it)


def _skus(session: Session, product_ids: Iterable[int]) -> dict[int, str]:
    """Return the skus of the products that are still in the catalogue."""
    statement = select(Product.id, Product.sku).where(
        Product.id.in_(list(product_ids)), Product.retired_at.is_(None)
    )
    return {row.id: row.sku for row in session.execute(statement)}
