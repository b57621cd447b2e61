"""Generations as a list: which there are, and what their manifests say. Publishes nothing."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from search.models import Generation


@dataclass(frozen=True, slots=True)
class GenerationView:
    """An index, published or on its way to be."""

    id: int
    state: str  # building, verified, live, retired, failed
    model_tag: str
    created_at: datetime
    published_at: datetime | None
    manifest: dict[str, Any]  # empty until it is built


def list_generations(
    session: Session, *, limit: int, offset: int = 0
) -> tuple[list[GenerationView], int]:
    """Return generations, newest first, and how many there are in all."""
    total = session.scalar(select(func.count()).select_from(Generation)) or 0
    newest = select(Generation).order_by(Generation.id.desc()).limit(limit).offset(offset)
    rows = session.scalars(newest)
    return [
        GenerationView(
            id=row.id,
            state=row.state,
            model_tag=row.model_tag,
            created_at=row.created_at,
            published_at=row.published_at,
            manifest=row.manifest or {},
        )
        for row in rows
    ], total
