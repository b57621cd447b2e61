"""Generations: which there are, and what their manifests say. Publishes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from search.database.models import GenerationRow
from search.database.newest_rows import newest_rows
from search.operation.run_history import MeasuredBuild, measured_build

PUBLISHABLE = ("verified", "retired")


@dataclass(frozen=True, slots=True)
class ListedGeneration:
    """An index, published or on its way to be."""

    id: int
    state: str  # building, verified, live, retired, failed
    model_tag: str
    directory: str  # name below generations/
    created_at: datetime
    published_at: datetime | None
    manifest: dict[str, Any]  # empty until it is built
    measured: MeasuredBuild | None  # None: it was never finished

    @property
    def publishable(self) -> bool:
        """Whether it could be made live."""
        return self.state in PUBLISHABLE


def list_generations(
    session: Session, *, limit: int | None = None, offset: int = 0
) -> tuple[list[ListedGeneration], int]:
    """Return generations, newest first, and how many there are in all."""
    rows, total = newest_rows(session, GenerationRow, limit=limit, offset=offset)
    return [_view(row) for row in rows], total


def find_generation(session: Session, generation_id: int) -> ListedGeneration | None:
    """Return one generation; None where it is gone."""
    row = session.get(GenerationRow, generation_id)
    return None if row is None else _view(row)


def of_new_model(
    generations: Sequence[ListedGeneration],
) -> tuple[ListedGeneration, ListedGeneration] | None:
    """Return the live generation and one of another model that waits; None: none waits.

    Args:
        generations: All that are kept, newest first.
    """
    live = next((one for one in generations if one.state == "live"), None)
    if live is None:
        return None
    waiting = (one for one in generations if one.state == "verified")
    new = next((one for one in waiting if one.model_tag != live.model_tag), None)
    return None if new is None else (live, new)


def _view(row: GenerationRow) -> ListedGeneration:
    manifest = row.manifest or {}
    stored = sum(file["bytes"] for file in manifest.get("files", {}).values())
    whole = "measured" in manifest
    return ListedGeneration(
        id=row.id,
        state=row.state,
        model_tag=row.model_tag,
        directory=row.directory,
        created_at=row.created_at,
        published_at=row.published_at,
        manifest=manifest,
        measured=measured_build(row.created_at, row.id, manifest, stored) if whole else None,
    )
