"""Hands out the live generation with its model, and swaps both without failing a request."""

import gc
import threading
import time
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import sqlalchemy
import structlog
from sqlalchemy.exc import SQLAlchemyError

from search.database.connection import session_scope
from search.errors import DamagedGeneration, FindalikeError, NoGeneration
from search.index.delta_files import lay_over, load_delta
from search.index.generation_files import Generation
from search.live.live_pointer import LivePointer, live_pointer
from search.live.model_pairing import ModelPairing, ServedGeneration
from search.live.stored_generations import deltas_folder, load_recorded

LONGEST_PAUSE_S = 60.0
"""Between tries to load what can't be loaded: a large model takes long to fail, too."""

log = structlog.get_logger()


class LiveGenerations:
    """Watches the live pointer in PostgreSQL and keeps that generation and its model loaded.

    A request that holds the old generation keeps it: its files stay mapped until the last
    reference is gone, even when they have been pruned. While the database is away or a new
    generation or its model can't be read, what is at hand goes on answering. Make one per
    process, after any fork: a thread does the watching.

    Args:
        database: Where the pointer is.
        root: `FINDALIKE_HOME`; generations are below.
        refresh_s: Seconds between looks.
        pairing: Loads the models.
    """

    def __init__(
        self, database: sqlalchemy.Engine, root: Path, refresh_s: float, pairing: ModelPairing
    ) -> None:
        self._database, self._root, self._refresh_s = database, root, refresh_s
        self._pairing = pairing
        self._answering: ServedGeneration | None = None
        self._base: Generation | None = None  # the one that answers, without its delta
        self._delta: str | None = None  # directory of what is laid over it
        self._failed: _Failed | None = None
        self._complaint = ""  # what was logged last, so that an outage is one line, not one a look
        self._loading = threading.Lock()
        self._closed = threading.Event()
        self.refresh()
        self._watcher = threading.Thread(target=self._watch, name="live-generation", daemon=True)
        self._watcher.start()

    def answering(self) -> ServedGeneration:
        """Return the live generation with the model that built it.

        Raises:
            NoGeneration: nothing is published yet.
            DamagedGeneration: it can't be read, and there is no earlier one.
            ModelUnavailable: its model can't be loaded, and there is no earlier one.
            ModelMismatch: its model's files were changed since, and there is no earlier one.
        """
        if self._answering is None and self._failed is None:
            self.refresh()
        answering, failed = self._answering, self._failed
        if answering is not None:
            return answering
        raise NoGeneration if failed is None else copy(failed.error)

    def current(self) -> Generation:
        """Return the live generation alone; errors as in `answering`."""
        return self.answering().generation

    @property
    def trouble(self) -> str:
        """Why another generation answers than the live one; empty: it does not."""
        return "" if self._failed is None else str(self._failed.error)

    def refresh(self) -> None:
        """Look at the pointer now; load and warm what it names before anyone gets to see it."""
        with self._loading:
            try:
                with session_scope(self._database) as session:
                    pointer = live_pointer(session)
            except (SQLAlchemyError, FindalikeError) as error:
                self._complain("live_pointer_unreadable", error=str(error))
                return
            if pointer is None:
                self._complaint, self._failed = "", None
            elif self._base is not None and pointer.id == self._base.id:
                self._failed = None
                self._follow(pointer.delta)
            elif self._failed is None or self._failed.to_be_tried(pointer.id):
                self._load(pointer)

    def close(self) -> None:
        """Stop watching."""
        self._closed.set()
        self._watcher.join(timeout=self._refresh_s + 5)

    def _load(self, pointer: LivePointer) -> None:
        """Swap to a generation and its model, or go on with what is at hand and say why."""
        try:
            base = load_recorded(self._root, pointer)
            _probe(base)
            laid = self._laid(base, pointer.delta)
            answering = self._pairing.of(laid or base, self._answering)
            if self._answering is not None:  # which answers meanwhile
                answering.warm_up()
        except Exception as error:  # whatever it is, the old one must go on
            self._complain("live_generation_unreadable", generation=pointer.id, error=str(error))
            self._failed = _Failed.again(self._failed, pointer.id, error, self._refresh_s)
            return
        before = self._answering
        self._answering, self._base, self._failed = answering, base, None
        self._delta = pointer.delta if laid is not None else None
        if laid is not None or pointer.delta is None:
            self._complaint = ""
        if before is not None and before.encoder is not answering.encoder:
            del before
            gc.collect()  # some models' parts refer to each other; they may be gigabytes
        log.info(
            "generation_loaded",
            generation=pointer.id,
            delta=self._delta,
            vectors=len(base.vectors),
            model_tag=answering.encoder.tag,
        )

    def _follow(self, delta: str | None) -> None:
        """Lay another delta over the generation that answers; one that can't be read changes
        nothing.
        """
        base, answering = self._base, self._answering
        if base is None or answering is None or delta == self._delta:
            self._complaint = ""
            return
        laid = base if delta is None else self._laid(base, delta)
        if laid is None:
            return
        self._answering, self._delta, self._complaint = (
            replace(answering, generation=laid),
            delta,
            "",
        )
        log.info("delta_loaded", generation=base.id, delta=delta, vectors=len(laid.vectors))

    def _laid(self, base: Generation, delta: str | None) -> Generation | None:
        """Return a generation with a delta over it; None where there is none that can be read."""
        if delta is None:
            return None
        try:
            laid = lay_over(base, load_delta(deltas_folder(self._root) / delta))
            _probe(laid)
        except Exception as error:  # searches go on with what is at hand
            self._complain("delta_unreadable", generation=base.id, error=str(error))
            return None
        return laid

    def _complain(self, event: str, **fields: object) -> None:
        """Log a warning, unless it is the one that was logged at the last look."""
        complaint = f"{event} {fields}"
        if complaint != self._complaint:
            log.warning(event, **fields)
        self._complaint = complaint

    def _watch(self) -> None:
        while not self._closed.wait(self._refresh_s):
            self.refresh()


def _probe(generation: Generation) -> None:
    """Search once: what fails must fail here, and the index is in memory then."""
    generation.candidates(np.asarray(generation.vectors[0], dtype=np.float32), 10)


@dataclass(frozen=True, slots=True)
class _Failed:
    """A generation that could not be loaded, and when to try again."""

    generation_id: int
    error: FindalikeError
    pause_s: float
    try_at: float  # monotonic seconds

    @classmethod
    def again(
        cls, before: "_Failed | None", generation_id: int, error: Exception, pause_s: float
    ) -> "_Failed":
        """Note a failure; each further one of the same generation doubles the pause."""
        if before is not None and before.generation_id == generation_id:
            pause_s = min(2 * before.pause_s, LONGEST_PAUSE_S)
        if not isinstance(error, FindalikeError):
            what = f"{type(error).__name__}: {error}"
            error = DamagedGeneration(f"Generation {generation_id} can't be loaded: {what}")
        return cls(generation_id, copy(error), pause_s, time.monotonic() + pause_s)

    def to_be_tried(self, generation_id: int) -> bool:
        """Return whether to load a generation: another one at once, the same after a pause."""
        return generation_id != self.generation_id or time.monotonic() >= self.try_at
