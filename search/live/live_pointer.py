"""The live pointer: the row of the generation that answers now, and the delta that lies over it."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from search.database.models import DeltaRow, GenerationRow
from search.errors import NoGeneration


@dataclass(frozen=True, slots=True)
class LivePointer:
    """What searchers load."""

    id: int  # of the generation
    directory: str  # of the generation, below generations/
    model_tag: str
    model: str | None  # the value of FINDALIKE_MODEL that loads this model
    delta: str | None  # directory below deltas/; None: nothing changed since the build


def live_row(session: Session) -> GenerationRow | None:
    """Return the live generation's row; None where nothing is published."""
    return session.scalar(select(GenerationRow).where(GenerationRow.state == "live"))


def require_live_row(session: Session) -> GenerationRow:
    """Return the live generation's row.

    Raises:
        NoGeneration: nothing is published.
    """
    row = live_row(session)
    if row is None:
        raise NoGeneration
    return row


def live_pointer(session: Session) -> LivePointer | None:
    """Return what searchers load; None where nothing is published."""
    row = GenerationRow
    found = session.execute(
        select(
            row.id,
            row.directory,
            row.model_tag,
            row.manifest["model"].as_string(),
            DeltaRow.directory,
        )
        .outerjoin(DeltaRow, DeltaRow.generation_id == row.id)
        .where(row.state == "live")
    ).one_or_none()
    return None if found is None else LivePointer(*found)
