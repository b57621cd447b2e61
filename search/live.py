"""Hands out the live generation, and notices a newly published one without failing a request."""

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import sqlalchemy
import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from search.db import session_scope
from search.errors import FindalikeError, NoGeneration
from search.generation import Generation, load_generation
from search.models import Generation as GenerationRow

log = structlog.get_logger()


class Generations(Protocol):
    """Says which generation answers now."""

    def current(self) -> Generation:
        """Return it.

        Raises:
            NoGeneration: there is none.
        """
        ...

    def refresh(self) -> None:
        """Look now whether it is another."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


@dataclass(frozen=True, slots=True)
class OneGeneration:
    """Always the same generation, whatever is live: to compare it with others."""

    generation: Generation

    def current(self) -> Generation:
        """Return the generation."""
        return self.generation

    def refresh(self) -> None:
        """Stay with it."""

    def close(self) -> None:
        """Do nothing: nobody watches."""


class LiveGenerations:
    """Watches the live pointer in PostgreSQL and keeps that generation loaded.

    A request that holds the old generation keeps it: its files stay mapped until the last
    reference is gone, even when they have been pruned. While the database is away or a new
    generation can't be read, the one at hand goes on answering. Make one per process, after any
    fork: a thread does the watching.

    Args:
        database: Where the pointer is.
        root: `FINDALIKE_HOME`; generations are below.
        refresh_s: Seconds between looks.
    """

    def __init__(self, database: sqlalchemy.Engine, root: Path, refresh_s: float) -> None:
        self._database, self._root, self._refresh_s = database, root, refresh_s
        self._current: Generation | None = None
        self._complaint = ""  # what was logged last, so that an outage is one line, not one a look
        self._loading = threading.Lock()
        self._closed = threading.Event()
        self.refresh()
        self._watcher = threading.Thread(target=self._watch, name="live-generation", daemon=True)
        self._watcher.start()

    def current(self) -> Generation:
        """Return the live generation.

        Raises:
            NoGeneration: nothing is published yet.
        """
        if self._current is None:
            self.refresh()
        if self._current is None:
            raise NoGeneration
        return self._current

    def refresh(self) -> None:
        """Look at the pointer now; load and warm what it names before anyone gets to see it."""
        with self._loading:
            try:
                with session_scope(self._database) as session:
                    row = session.execute(
                        select(GenerationRow.id, GenerationRow.directory).where(
                            GenerationRow.state == "live"
                        )
                    ).one_or_none()
            except (SQLAlchemyError, FindalikeError) as error:
                self._complain("live_pointer_unreadable", error=str(error))
                return
            if row is None or (self._current is not None and row.id == self._current.id):
                self._complaint = ""
                return
            self._load(row.id, self._root / "generations" / row.directory)

    def close(self) -> None:
        """Stop watching."""
        self._closed.set()
        self._watcher.join(timeout=self._refresh_s + 5)

    def _load(self, generation_id: int, directory: Path) -> None:
        """Swap to a generation, or go on with the one at hand and say why."""
        try:
            generation = load_generation(directory, generation_id)
            generation.candidates(np.asarray(generation.vectors[0], dtype=np.float32), 10)
        except Exception as error:  # whatever it is, the old one must go on
            self._complain("live_generation_unreadable", generation=generation_id, error=str(error))
            return
        self._current, self._complaint = generation, ""
        log.info("generation_loaded", generation=generation_id, vectors=len(generation.vectors))

    def _complain(self, event: str, **fields: object) -> None:
        """Log a warning, unless it is the one that was logged at the last look."""
        complaint = f"{event} {fields}"
        if complaint != self._complaint:
            log.warning(event, **fields)
        self._complaint = complaint

    def _watch(self) -> None:
        while not self._closed.wait(self._refresh_s):
            self.refresh()
