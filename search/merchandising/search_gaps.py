"""What shoppers looked for and did not find: by words, and by photos where they agreed.

A search found nothing if its verdict is `nothing`, or if it has no hit. A text was never opened if
none of its searches led to a click, and there were so many that this is no accident. Clicks are
known only of shoppers who agreed, so the number depends on how many searches led to clicks at all.
Only first pages count: a shopper who turns pages would count twice.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.orm import Session

from search.database.models import Click, SearchEvent
from search.text.normalise_sql import normalised_sql

EXPECTED_CLICKS = 3.0
"""Clicks that a text's searches would lead to on average. The chance of none is then 1 in 20."""
LEAST_SEARCHES = 5
FIRST_SHOWN = 5

About = Literal["nothing", "unopened"]


@dataclass(frozen=True, slots=True)
class Gap:
    """A text whose searches found nothing, or whose results nobody opened."""

    text: str  # normalised
    times: int  # such searches
    last_at: datetime
    filters: tuple[dict[str, Any], ...]  # the different filters of these searches
    shown: tuple[int, ...]  # the first products of the last such search


@dataclass(frozen=True, slots=True)
class PhotoGap:
    """A photo that found nothing, kept with the shopper's consent."""

    event_id: int
    photo: str  # its name, see `search.traffic.no_result_photos`
    text: str | None
    asked_at: datetime
    filters: dict[str, Any]
    shown: tuple[int, ...]


def list_gaps(
    session: Session, about: About, *, days: float, limit: int | None, offset: int = 0
) -> tuple[list[Gap], int]:
    """Return gaps, most searched first, and how many there are.

    Args:
        session: Open session.
        about: `nothing`: they found nothing; `unopened`: nothing they showed was ever opened.
        days: How far back.
        limit: How many at most; None: all.
        offset: How many to skip.
    """
    texts = _texts(session, about, days)
    total = session.scalars(select(func.count()).select_from(texts.subquery())).one()
    ordered = texts.order_by(func.count().desc(), func.max(SearchEvent.created_at).desc())
    rows = session.execute(ordered.limit(limit).offset(offset)).all()
    shown = _shown(session, [row.last_id for row in rows])
    found = [
        Gap(
            row.asked,
            row.times,
            row.last_at,
            tuple(given for given in row.filters if given),
            shown.get(row.last_id, ()),
        )
        for row in rows
    ]
    return found, total


def list_photos(
    session: Session, *, days: float, limit: int | None, offset: int = 0
) -> list[PhotoGap]:
    """Return the kept photos that found nothing, latest first."""
    statement = (
        select(SearchEvent)
        .where(SearchEvent.photo.is_not(None), SearchEvent.created_at >= _first(days))
        .order_by(SearchEvent.id.desc())
    )
    return [
        PhotoGap(
            row.id,
            row.photo or "",
            row.text,
            row.created_at,
            row.filters,
            _products(row.shown),
        )
        for row in session.scalars(statement.limit(limit).offset(offset))
    ]


def count_photos(session: Session, *, days: float) -> tuple[int, int]:
    """Return how many photo searches found nothing, and how many of their photos are kept."""
    row = session.execute(
        select(func.count(), func.count(SearchEvent.photo)).where(
            SearchEvent.kind.in_(("photo", "both")), *_led_nowhere(days)
        )
    ).one()
    return int(row[0]), int(row[1])


def least_searches(session: Session, days: float) -> int | None:
    """Return how many searches without a click make a gap; None where no click is known."""
    clicked = exists().where(Click.search_event_id == SearchEvent.id)
    searches, opened = session.execute(
        select(func.count(), func.count().filter(clicked)).where(*_texts_asked(days))
    ).one()
    if not opened:
        return None
    return max(LEAST_SEARCHES, math.ceil(EXPECTED_CLICKS * searches / opened))


def _texts(
    session: Session, about: About, days: float
) -> Select[str, int, datetime, int, Sequence[dict[str, Any]]]:
    """Select the texts that are gaps, with what is counted of each."""
    asked = normalised_sql(SearchEvent.text)
    statement = (
        select(
            asked.label("asked"),
            func.count().label("times"),
            func.max(SearchEvent.created_at).label("last_at"),
            func.max(SearchEvent.id).label("last_id"),
            func.array_agg(SearchEvent.filters.distinct()).label("filters"),
        )
        .where(*_texts_asked(days))
        .group_by(asked)
    )
    if about == "nothing":
        return statement.where(*_led_nowhere(days))
    least = least_searches(session, days)
    if least is None:
        return statement.where(SearchEvent.id.is_(None))
    clicked = exists().where(Click.search_event_id == SearchEvent.id)
    found = (SearchEvent.total > 0) & (func.coalesce(SearchEvent.verdict, "") != "nothing")
    return statement.where(found).having(func.count() >= least, ~func.bool_or(clicked))


def _texts_asked(days: float) -> tuple[ColumnElement[bool], ...]:
    return (
        SearchEvent.kind == "text",
        SearchEvent.text.is_not(None),
        SearchEvent.page == 1,
        SearchEvent.created_at >= _first(days),
    )


def _led_nowhere(days: float) -> tuple[ColumnElement[bool], ...]:
    nothing = (SearchEvent.verdict == "nothing") | (SearchEvent.total == 0)
    return nothing, SearchEvent.page == 1, SearchEvent.created_at >= _first(days)


def _first(days: float) -> datetime:
    return datetime.now(UTC) - timedelta(days=days)


def _shown(session: Session, event_ids: Sequence[int]) -> dict[int, tuple[int, ...]]:
    rows = session.execute(
        select(SearchEvent.id, SearchEvent.shown).where(SearchEvent.id.in_(event_ids))
    )
    return {event: _products(shown) for event, shown in rows}


def _products(shown: list[Any]) -> tuple[int, ...]:
    """Return the first products of an answer without variants, which have no similarity."""
    return tuple(product for product, similarity, _ in shown if similarity is not None)[
        :FIRST_SHOWN
    ]
