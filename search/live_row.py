"""The row of the generation that answers now: what the live pointer is."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from search.models import Generation


def live_row(session: Session) -> Generation | None:
    """Return the live generation's row; None where nothing is published."""
    return session.scalar(select(Generation).where(Generation.state == "live"))
