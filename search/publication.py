"""Makes a generation live, goes back to the one before, and prunes what nobody needs.

The live pointer is the one row of `generation` in state `live`; it moves in one transaction, which
records who moved it.
"""

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import sqlalchemy
import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from search.advisory_locks import exclusively
from search.audit import cli_actor, record_change
from search.db import session_scope
from search.errors import DamagedGeneration, NoGeneration, RecallTooLow, UnknownGeneration
from search.generation import TEMPORARY, load_generation, verify_files
from search.index import rescore
from search.models import Generation as GenerationRow
from search.settings import Settings

PROBE_TOLERANCE = 0.01
"""Cosine of a stored picture with itself may be so far from 1: float16 rounds."""

log = structlog.get_logger()


def publish(
    database: sqlalchemy.Engine,
    settings: Settings,
    generation_id: int | None = None,
    *,
    actor: str | None = None,
) -> int:
    """Verify a generation and make it live.

    Args:
        database: Where the pointer is.
        settings: State root, recall floor, how many generations to keep.
        generation_id: Which; None: the newest verified one.
        actor: Who wants it, for the audit trail; None: whoever runs this process.

    Returns:
        The id of the generation that is live now.

    Raises:
        UnknownGeneration: there is none to publish, or it is not in a state for it.
        DamagedGeneration: its files are not what its manifest says; the live one stays.
        RecallTooLow: it misses the recall floor; the live one stays.
        AlreadyRunning: another publication is at work.
    """
    with exclusively(database, "publication"):
        with session_scope(database) as session:
            row = _wanted(session, generation_id)
            chosen, directory, live = row.id, row.directory, row.state == "live"
        if not live:
            _rehearse(settings.root / "generations" / directory, chosen, settings)
            _point(database, chosen, actor or cli_actor())
            log.info("generation_published", generation=chosen)
        prune(database, settings)
    return chosen


def rollback(database: sqlalchemy.Engine, settings: Settings, *, actor: str | None = None) -> int:
    """Make the generation live that was live before the present one.

    One whose files are damaged is passed over for the one before it. What is left stays on disk
    for a while: `publish` with its id makes it live again.

    Args:
        database: Where the pointer is.
        settings: State root.
        actor: Who wants it, for the audit trail; None: whoever runs this process.

    Returns:
        Its id.

    Raises:
        NoGeneration: nothing is live.
        UnknownGeneration: there is none to go back to.
        DamagedGeneration: none that is left can be read; the live one stays.
        AlreadyRunning: another publication is at work.
    """
    with exclusively(database, "publication"):
        damaged: DamagedGeneration | None = None
        for chosen, directory in _before_live(database):
            try:
                # Sizes only: reading every byte again would take longer than a rollback may.
                load_generation(settings.root / "generations" / directory, chosen)
            except DamagedGeneration as error:
                log.warning("generation_passed_over", generation=chosen, error=str(error))
                damaged = damaged or error
                continue
            _point(database, chosen, actor or cli_actor(), back=True)
            log.info("generation_rolled_back", generation=chosen)
            return chosen
        raise damaged or UnknownGeneration(
            "There is no earlier generation to go back to. The live one stays."
        )


def next_back(database: sqlalchemy.Engine) -> int | None:
    """Return the generation that a rollback would lead to if it is undamaged; None: there is none.

    Raises:
        NoGeneration: nothing is live.
    """
    before = _before_live(database)
    return before[0][0] if before else None


def _before_live(database: sqlalchemy.Engine) -> list[tuple[int, str]]:
    """Return id and directory of what was live before the present generation, latest first."""
    with session_scope(database) as session:
        live = session.scalar(select(GenerationRow).where(GenerationRow.state == "live"))
        if live is None:
            raise NoGeneration
        before = (
            select(GenerationRow.id, GenerationRow.directory)
            .where(
                GenerationRow.state == "retired",
                GenerationRow.published_at < live.published_at,
            )
            .order_by(GenerationRow.published_at.desc())
        )
        return [(row.id, row.directory) for row in session.execute(before)]


def prune(database: sqlalchemy.Engine, settings: Settings) -> list[str]:
    """Remove generations beyond those kept for rollback, failed ones, and unknown directories.

    A build at work is left alone: its temporary directory, and the row it has made.

    Returns:
        Names of the directories removed.
    """
    generations = settings.root / "generations"
    # Listed before the rows are read: a build makes its row before its directory.
    present = [path for path in generations.glob("*") if not path.name.startswith(TEMPORARY)]
    with session_scope(database) as session:
        rows = session.scalars(
            select(GenerationRow).order_by(
                GenerationRow.published_at.desc().nulls_last(), GenerationRow.id.desc()
            )
        ).all()
        retired = [row for row in rows if row.state == "retired"]
        kept = [row for row in rows if row.state in ("live", "building")]
        kept += [*retired[: settings.keep_generations], *_waiting(session)[:1]]
        for row in set(rows) - set(kept):
            session.delete(row)
        names = {row.directory for row in kept}
    removed = [path for path in present if path.name not in names]
    for path in removed:
        shutil.rmtree(path, ignore_errors=True)
    if removed:
        log.info("generations_pruned", directories=[path.name for path in removed])
    return [path.name for path in removed]


def _wanted(session: Session, generation_id: int | None) -> GenerationRow:
    """Return the row to publish."""
    if generation_id is None:
        waiting = _waiting(session)
        if not waiting:
            raise UnknownGeneration("No generation waits to be published. Run `findalike build`.")
        return waiting[0]
    row = session.get(GenerationRow, generation_id)
    if row is None or row.state not in ("verified", "retired", "live"):
        state = "does not exist" if row is None else f"is in state {row.state}"
        raise UnknownGeneration(
            f"Generation {generation_id} {state}; `findalike status` lists those that can be "
            "published."
        )
    return row


def _waiting(session: Session) -> Sequence[GenerationRow]:
    """Return verified generations newer than the live one, newest first."""
    live = select(GenerationRow.id).where(GenerationRow.state == "live").scalar_subquery()
    return session.scalars(
        select(GenerationRow)
        .where(GenerationRow.state == "verified", GenerationRow.id > func.coalesce(live, 0))
        .order_by(GenerationRow.id.desc())
    ).all()


def _rehearse(directory: Path, generation_id: int, settings: Settings) -> None:
    """Check everything that searchers will rely on, before they do."""
    manifest = verify_files(directory)
    if manifest.measured.recall_at_10 < settings.recall_floor:
        raise RecallTooLow(manifest.measured.recall_at_10, settings.recall_floor)
    generation = load_generation(directory, generation_id)
    probe = len(generation.vectors) // 2
    vector = np.asarray(generation.vectors[probe], dtype=np.float32)
    found = rescore(generation.vectors, vector, generation.candidates(vector, manifest.candidates))
    # By similarity, not by row: a shop may use one picture for a thousand products.
    if not len(found.rows) or abs(found.similarities[0] - 1) > PROBE_TOLERANCE:
        raise DamagedGeneration(
            f"Generation {directory.name} does not find its own picture (row {probe}). The live "
            "one stays. Run `findalike build` again."
        )


def _after_all(session: Session) -> datetime:
    """Return the present time, or where a clock was set back, one that follows all publications."""
    latest = session.scalar(select(func.max(GenerationRow.published_at)))
    now = datetime.now(UTC)
    return now if latest is None else max(now, latest + timedelta(microseconds=1))


def _point(
    database: sqlalchemy.Engine, generation_id: int, actor: str, *, back: bool = False
) -> None:
    """Move the live pointer in one transaction.

    `published_at` orders what was live. Going back takes it from the generation that is left, so
    that no later rollback leads there again.
    """
    with session_scope(database) as session:
        live = session.scalar(
            select(GenerationRow).where(GenerationRow.state == "live").with_for_update()
        )
        if live is not None:
            live.state = "retired"
            live.published_at = None if back else live.published_at
            session.flush()
        row = session.get_one(GenerationRow, generation_id)
        row.state = "live"
        row.published_at = _after_all(session)
        left = None if live is None else live.id
        action = "generation.rollback" if back else "generation.publish"
        record_change(session, actor, action, generation_id, {"left": left})
