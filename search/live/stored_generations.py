"""Generations and deltas as the database records them: where their files are, and loading them.

Whoever opens a generation by what the database says of it does so here. It writes nothing.
"""

from pathlib import Path
from typing import Protocol

import sqlalchemy

from search.database.connection import session_scope
from search.database.models import GenerationRow
from search.errors import UnknownGeneration
from search.index.generation_files import Generation, load_generation
from search.live.live_pointer import require_live_row


class RecordedGeneration(Protocol):
    """A generation's row, or what was read of it."""

    @property
    def id(self) -> int:
        """Its number."""
        ...

    @property
    def directory(self) -> str:
        """The name of its directory."""
        ...


def generations_folder(home: Path) -> Path:
    """Return where the directories of all generations are, below FINDALIKE_HOME."""
    return home / "generations"


def deltas_folder(home: Path) -> Path:
    """Return where the directories of all deltas are, below FINDALIKE_HOME."""
    return home / "deltas"


def directory_of(home: Path, recorded: RecordedGeneration) -> Path:
    """Return the directory of a generation."""
    return generations_folder(home) / recorded.directory


def load_recorded(home: Path, recorded: RecordedGeneration) -> Generation:
    """Load a generation, without its delta.

    Raises:
        DamagedGeneration: its files can't be read.
    """
    return load_generation(directory_of(home, recorded), recorded.id)


def load_live(database: sqlalchemy.Engine, home: Path) -> Generation:
    """Load the live generation, without its delta.

    Raises:
        NoGeneration: nothing is published yet.
        DamagedGeneration: its files can't be read.
    """
    with session_scope(database) as session:
        row = require_live_row(session)
    return load_recorded(home, row)


def load_kept(database: sqlalchemy.Engine, home: Path, generation_id: int) -> Generation:
    """Load a generation that is kept, live or not, without its delta.

    Raises:
        UnknownGeneration: it is not kept.
        DamagedGeneration: its files can't be read.
    """
    with session_scope(database) as session:
        row = session.get(GenerationRow, generation_id)
    if row is None or row.state in ("building", "failed"):
        raise UnknownGeneration(
            f"Generation {generation_id} is not kept; `findalike status` shows the live one."
        )
    return load_recorded(home, row)
