"""A page of a table's rows, newest first."""

from collections.abc import Sequence
from typing import TypeVar

from sqlalchemy import ColumnElement, func, inspect, select
from sqlalchemy.orm import Session

from search.database.models.base import Base

Row = TypeVar("Row", bound=Base)


def newest_rows(
    session: Session,
    table: type[Row],
    *wanted: ColumnElement[bool],
    limit: int | None,
    offset: int = 0,
) -> tuple[Sequence[Row], int]:
    """Return rows, newest first, and how many there are in all.

    Args:
        session: Open session.
        table: Its primary key grows, so that the newest row has the largest one.
        wanted: What rows must be.
        limit: At most so many; None: no limit.
        offset: After so many.
    """
    total = session.scalar(select(func.count()).select_from(table).where(*wanted)) or 0
    newest = [key.desc() for key in inspect(table).primary_key]
    page = select(table).where(*wanted).order_by(*newest).limit(limit).offset(offset)
    return session.scalars(page).all(), total
