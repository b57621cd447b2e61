"""What shoppers looked for and did not find: by words, and by photos where they agreed.

A search found nothing where its verdict says so or nothing was left. A text was never opened where
so many of its searches without a click are no accident: clicks are known of those who agreed alone,
so they are judged by how often searches lead to clicks at all. First pages only, or a shopper who
turns pages would count twice.
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
"""That many clicks were to be expected: none at all has a chance of one in twenty then."""
LEAST_SEARCHES = 5
FIRST_SHOWN = 5

About = Literal["nothing", "unopened"]


@dataclass(frozen=True, slots=True)
class Gap:
    """A text that leads nowhere."""

    text: str  # normalised
    times: int  # searches that led nowhere
    last_at: datetime
    filters: tuple[dict[str, Any], ...]  # in force, each set of them once
    shown: tuple[int, ...]  # products shown first, the last time


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
    """Return texts that lead nowhere, most asked first, and how many there are.

    Args:
        session: Open session.
        about: `nothing`: they found nothing; `unopened`: nothing they showed was ever opened.
        days: Of the last days.
        limit: At most so many; None: all.
        offset: After so many.
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
    """Return how many photo searches found nothing, and of how many the photo is kept."""
    row = session.execute(
        select(func.count(), func.count(SearchEvent.photo)).where(
            SearchEvent.kind.in_(("photo", "both")), *_led_nowhere(days)
        )
    ).one()
    return int(row[0]), int(row[1])


def least_searches(session: Session, days: float) -> int | None:
    """Return how many searches without a click tell something; None where no click is known."""
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
    """Select the texts that lead nowhere, with what is counted of them."""
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
    """Return the first products of an answer; variants, which have no similarity, are left out."""
    return tuple(product for product, similarity, _ in shown if similarity is not None)[
        :FIRST_SHOWN
    ]
