"""Generations that wait to be published: of the live one's model, and of a model that is new."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from search.database.models import GenerationRow
from search.live.live_pointer import live_row


def newest_waiting(session: Session) -> list[GenerationRow]:
    """Return the generations that wait to be published: of the live model, and of a new one.

    At most one of each, the newest; of models that were tried, the last one.
    """
    return [row for rows in waiting_generations(session) for row in rows[:1]]


def waiting_generations(session: Session) -> tuple[list[GenerationRow], list[GenerationRow]]:
    """Return verified generations, newest first: of the live one's model, and of others.

    Of the live model's, older ones than the live one do not wait: they were passed over.
    """
    live = live_row(session)
    verified = session.scalars(
        select(GenerationRow)
        .where(GenerationRow.state == "verified")
        .order_by(GenerationRow.id.desc())
    ).all()
    if live is None:
        return list(verified), []
    own = [row for row in verified if row.model_tag == live.model_tag and row.id > live.id]
    return own, [row for row in verified if row.model_tag != live.model_tag]
