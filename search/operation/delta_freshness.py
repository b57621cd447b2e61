"""How fresh searches are: what lies over the live index, and whether anybody watches.

Reads only; `findalike watch` does the work.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from search.database.models import DeltaRow, GenerationRow
from search.jobs.workers import application_connected

WATCHER = "findalike-watch"
"""What `pg_stat_activity` calls the connections of `findalike watch`."""


@dataclass(frozen=True, slots=True)
class DeltaView:
    """What is laid over the live generation."""

    created_at: datetime
    products: int  # new and changed ones
    vectors: int
    dead: int  # products of the generation that are withdrawn or replaced
    waiting: int  # changed products that found no room


@dataclass(frozen=True, slots=True)
class Freshness:
    """The state of what comes between two builds."""

    attended: bool  # `findalike watch` runs
    delta: DeltaView | None  # None: the live generation says it all


def read_freshness(session: Session) -> Freshness:
    """Return how fresh searches are."""
    live = select(GenerationRow.id).where(GenerationRow.state == "live")
    delta = session.scalar(select(DeltaRow).where(DeltaRow.generation_id.in_(live)))
    return Freshness(
        attended=application_connected(session, WATCHER),
        delta=None if delta is None else _view(delta),
    )


def _view(delta: DeltaRow) -> DeltaView:
    said = delta.manifest
    return DeltaView(
        delta.created_at, said["products"], said["vectors"], said["dead"], said["waiting"]
    )
