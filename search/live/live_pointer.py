"""What the live pointer says: the row of the generation that answers now, and what lies over it."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from search.database.models import DeltaRow, GenerationRow


@dataclass(frozen=True, slots=True)
class LivePointer:
    """What searchers load."""

    id: int  # of the generation
    directory: str  # below generations/
    delta: str | None  # below deltas/; None: nothing changed since the generation was built


def live_row(session: Session) -> GenerationRow | None:
    """Return the live generation's row; None where nothing is published."""
    return session.scalar(select(GenerationRow).where(GenerationRow.state == "live"))


def live_pointer(session: Session) -> LivePointer | None:
    """Return where the live generation and its delta lie; None where nothing is published."""
    found = session.execute(
        select(GenerationRow.id, GenerationRow.directory, DeltaRow.directory)
        .outerjoin(DeltaRow, DeltaRow.generation_id == GenerationRow.id)
        .where(GenerationRow.state == "live")
    ).one_or_none()
    return None if found is None else LivePointer(*found)
