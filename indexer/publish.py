"""Makes a generation live, goes back to the one before, and prunes what nobody needs.

The live pointer is the one row of `generation` in state `live`; it moves in one transaction.
"""

import shutil
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import sqlalchemy
import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from indexer.locks import exclusively
from search.db import session_scope
from search.errors import DamagedGeneration, NoGeneration, RecallTooLow, UnknownGeneration
from search.generation import load_generation, verify_files
from search.models import Generation as GenerationRow
from search.settings import Settings

LEFT_BEHIND_AFTER_S = 3600
"""Age of a temporary directory that no build can still be writing."""

log = structlog.get_logger()


def publish(
    database: sqlalchemy.Engine, settings: Settings, generation_id: int | None = None
) -> int:
    """Verify a generation and make it live.

    Args:
        database: Where the pointer is.
        settings: State root, recall floor, how many generations to keep.
        generation_id: Which; None: the newest verified one.

    Returns:
        The id of the generation that is live now.

    Raises:
        UnknownGeneration: there is none to publish, or it is not in a state for it.
        DamagedGeneration: its files are not what its manifest says; the live one stays.
        RecallTooLow: it misses the recall floor; the live one stays.
        AlreadyRunning: another build or publication is at work.
    """
    with exclusively(database, "build"):
        with session_scope(database) as session:
            row = _wanted(session, generation_id)
            chosen, directory, live = row.id, row.directory, row.state == "live"
        if not live:
            _rehearse(settings.root / "generations" / directory, chosen, settings)
            _point(database, chosen)
            log.info("generation_published", generation=chosen)
        prune(database, settings)
    return chosen


def rollback(database: sqlalchemy.Engine, settings: Settings) -> int:
    """Make the generation live that was live before the present one.

    Returns:
        Its id.

    Raises:
        UnknownGeneration: there is none to go back to.
        DamagedGeneration: its files are not what its manifest says; the live one stays.
        AlreadyRunning: another build or publication is at work.
    """
    with exclusively(database, "build"):
        with session_scope(database) as session:
            live = session.scalar(select(GenerationRow).where(GenerationRow.state == "live"))
            if live is None:
                raise NoGeneration
            before = session.scalar(
                select(GenerationRow)
                .where(
                    GenerationRow.state == "retired",
                    GenerationRow.published_at < live.published_at,
                )
                .order_by(GenerationRow.published_at.desc())
                .limit(1)
            )
            if before is None:
                raise UnknownGeneration("There is no earlier generation to go back to.")
            chosen, directory = before.id, before.directory
        # Sizes only: reading every byte again would take longer than a rollback may.
        load_generation(settings.root / "generations" / directory, chosen)
        _point(database, chosen, keep_time=True)
        log.info("generation_rolled_back", generation=chosen)
    return chosen


def prune(database: sqlalchemy.Engine, settings: Settings) -> list[str]:
    """Remove generations beyond those kept for rollback, and what dead builds left behind.

    Returns:
        Names of the directories removed.
    """
    generations = settings.root / "generations"
    with session_scope(database) as session:
        rows = session.scalars(
            select(GenerationRow).order_by(
                GenerationRow.published_at.desc().nulls_last(), GenerationRow.id.desc()
            )
        ).all()
        retired = [row for row in rows if row.state == "retired"]
        waiting = [row for row in rows if row.state == "verified"]
        # The caller holds the build lock, so a row that says `building` belongs to a dead build.
        dead = [row for row in rows if row.state in ("failed", "building")]
        for row in (*retired[settings.keep_generations :], *waiting[1:], *dead):
            session.delete(row)
        kept = {row.directory for row in rows} - {row.directory for row in session.deleted}
    removed = []
    for directory in generations.iterdir() if generations.is_dir() else ():
        if directory.name not in kept and _is_left_behind(directory):
            shutil.rmtree(directory, ignore_errors=True)
            removed.append(directory.name)
    return removed


def _is_left_behind(directory: Path) -> bool:
    """Whether no build can still be writing here: it is named for good, or old."""
    if not directory.name.startswith("."):
        return True
    return time.time() - directory.stat().st_mtime > LEFT_BEHIND_AFTER_S


def _wanted(session: Session, generation_id: int | None) -> GenerationRow:
    """Return the row to publish."""
    if generation_id is None:
        row = session.scalar(
            select(GenerationRow)
            .where(GenerationRow.state == "verified")
            .order_by(GenerationRow.id.desc())
            .limit(1)
        )
        if row is None:
            raise UnknownGeneration("No generation waits to be published. Run `findalike build`.")
        return row
    row = session.get(GenerationRow, generation_id)
    if row is None or row.state not in ("verified", "retired", "live"):
        state = "does not exist" if row is None else f"is in state {row.state}"
        raise UnknownGeneration(
            f"Generation {generation_id} {state}; `findalike status` lists those that can be "
            "published."
        )
    return row


def _rehearse(directory: Path, generation_id: int, settings: Settings) -> None:
    """Check everything that searchers will rely on, before they do."""
    manifest = verify_files(directory)
    if manifest.measured.recall_at_10 < settings.recall_floor:
        raise RecallTooLow(manifest.measured.recall_at_10, settings.recall_floor)
    generation = load_generation(directory, generation_id)
    probe = len(generation.vectors) // 2
    vector = np.asarray(generation.vectors[probe], dtype=np.float32)
    found = generation.exact(vector, 1)
    again = generation.candidates(vector, manifest.candidates)
    if found.similarities[0] < 0.99 or found.rows[0] not in again.rows:
        raise DamagedGeneration(
            f"Generation {directory.name} does not find its own picture (row {probe}). The live "
            "one stays. Run `findalike build` again."
        )


def _point(database: sqlalchemy.Engine, generation_id: int, *, keep_time: bool = False) -> None:
    """Move the live pointer in one transaction.

    Going back keeps the time of the first publication, so that a second rollback goes back
    further instead of forth.
    """
    with session_scope(database) as session:
        live = session.scalar(
            select(GenerationRow).where(GenerationRow.state == "live").with_for_update()
        )
        if live is not None:
            live.state = "retired"
            session.flush()
        row = session.get_one(GenerationRow, generation_id)
        row.state = "live"
        if not keep_time:
            row.published_at = datetime.now(UTC)
