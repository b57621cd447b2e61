"""The state of the live pointer."""

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Engine, select

from search.database.connection import session_scope
from search.database.models import GenerationRow
from search.settings import Settings

Build = Callable[[], int]


def states(database: Engine) -> dict[int, str]:
    with session_scope(database) as session:
        rows = session.execute(select(GenerationRow.id, GenerationRow.state))
        return {row.id: row.state for row in rows}


def live(database: Engine) -> int | None:
    return next((id_ for id_, state in states(database).items() if state == "live"), None)


def directory_of(database: Engine, settings: Settings, generation_id: int) -> Path:
    with session_scope(database) as session:
        name = session.get_one(GenerationRow, generation_id).directory
    return settings.root / "generations" / name
