"""Makes a generation live, goes back to the one before, and prunes generations.

The live pointer is the one row of `generation` in state `live`. It moves in one transaction, which
records who moved it. A generation is rehearsed before it goes live, but not when going back to it.
"""

import shutil
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy
import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from search.database.advisory_locks import exclusively
from search.database.audit_trail import cli_actor, record_change
from search.database.connection import session_scope
from search.database.models import GenerationRow
from search.errors import (
    AlreadyRunning,
    DamagedGeneration,
    RehearsalRefused,
    UnknownGeneration,
)
from search.index.generation_files import TEMPORARY, check_sizes
from search.live.live_pointer import require_live_row
from search.live.stored_generations import directory_of, generations_folder
from search.live.waiting_generations import newest_waiting, waiting_generations
from search.settings import Settings

if TYPE_CHECKING:
    from search.encoder import Encoder
    from search.publication.checks import Rehearsal
    from search.publication.checks.rehearse import Rehearsed

log = structlog.get_logger()


def publish(
    database: sqlalchemy.Engine,
    settings: Settings,
    generation_id: int | None = None,
    *,
    actor: str | None = None,
    encoder: "Encoder | None" = None,
    in_spite_of: Collection[str] = (),
) -> int:
    """Rehearse a generation and make it live; the rehearsal is kept, whatever its outcome.

    Args:
        database: Where the pointer is.
        settings: State root, limits of the rehearsal, how many generations to keep.
        generation_id: Which; None: the newest verified one.
        actor: Who publishes, for the audit trail; None: the user of this process.
        encoder: A model that is loaded already; None: the rehearsal loads what it needs.
        in_spite_of: Checks of the rehearsal that may fail, see `search.publication.checks.CHECKS`.

    Returns:
        The id of the generation that is live now.

    Raises:
        UnknownGeneration: there is none to publish, or its state does not allow it.
        RehearsalRefused: it fails a check; it is kept, and the live one stays.
        AlreadyRunning: another publication is at work, or moved the pointer meanwhile.
    """
    from search.publication.checks import (
        rehearse,  # imported here: a rollback needs no engine, and must be quick
    )

    # A rollback must not wait for a rehearsal, so the pointer has a lock of its own.
    with exclusively(database, "rehearsal"):
        with session_scope(database) as session:
            row, live = _wanted(session, generation_id), _locked_live_row(session)
            chosen, is_live = row.id, row.state == "live"
            new = (chosen, directory_of(settings.root, row))
            compared = (live.id, directory_of(settings.root, live)) if live else None
        rehearsed = None
        if not is_live:
            rehearsed = rehearse(
                database, settings, new, compared, encoder=encoder, in_spite_of=in_spite_of
            )
            _keep_or_refuse(database, settings, rehearsed.rehearsal)
        with exclusively(database, "publication"):
            if rehearsed is not None:
                _swap(database, rehearsed, actor or cli_actor())
            prune(database, settings)
    return chosen


def rollback(database: sqlalchemy.Engine, settings: Settings, *, actor: str | None = None) -> int:
    """Make the generation live that was live before the present one.

    A generation whose files are damaged is passed over for the one before it. The generation that
    was live stays on disk for a while: `publish` with its id makes it live again.

    Args:
        database: Where the pointer is.
        settings: State root.
        actor: Who goes back, for the audit trail; None: the user of this process.

    Returns:
        The id of the generation that is live now.

    Raises:
        NoGeneration: nothing is live.
        UnknownGeneration: there is none to go back to.
        DamagedGeneration: none of the earlier ones can be read; the live one stays.
        AlreadyRunning: another publication is at work.
    """
    with exclusively(database, "publication"):
        damaged: DamagedGeneration | None = None
        for chosen, directory in _before_live(database):
            try:
                # Sizes only: reading every byte again would take longer than a rollback may.
                check_sizes(generations_folder(settings.root) / directory)
            except DamagedGeneration as error:
                log.warning("generation_passed_over", generation=chosen, error=str(error))
                damaged = damaged or error
                continue
            with session_scope(database) as session:
                _point(session, chosen, actor or cli_actor(), back=True)
            log.info("generation_rolled_back", generation=chosen)
            return chosen
        raise damaged or UnknownGeneration(
            "There is no earlier generation to go back to. The live one stays."
        )


def next_back(database: sqlalchemy.Engine) -> int | None:
    """Return the generation that a rollback leads to if it is undamaged; None where there is none.

    Raises:
        NoGeneration: nothing is live.
    """
    before = _before_live(database)
    return before[0][0] if before else None


def _before_live(database: sqlalchemy.Engine) -> list[tuple[int, str]]:
    """Return ids and directories of the generations that were live before, latest first."""
    with session_scope(database) as session:
        live = require_live_row(session)
        before = (
            select(GenerationRow.id, GenerationRow.directory)
            .where(
                GenerationRow.state == "retired",
                GenerationRow.published_at < live.published_at,
            )
            .order_by(GenerationRow.published_at.desc())
        )
        return [(row.id, row.directory) for row in session.execute(before)]


def prune(database: sqlalchemy.Engine, settings: Settings, *, keep: int | None = None) -> list[str]:
    """Remove generations beyond those kept for rollback, failed ones, and unknown directories.

    The directory and the row of a build at work are left alone, and so is the generation `keep`.

    Returns:
        Names of the directories removed.
    """
    generations = generations_folder(settings.root)
    # Listed before the rows are read, because a build adds its row before its directory.
    present = [path for path in generations.glob("*") if not path.name.startswith(TEMPORARY)]
    with session_scope(database) as session:
        rows = session.scalars(
            select(GenerationRow).order_by(
                GenerationRow.published_at.desc().nulls_last(), GenerationRow.id.desc()
            )
        ).all()
        retired = [row for row in rows if row.state == "retired"]
        kept = [row for row in rows if row.state in ("live", "building") or row.id == keep]
        kept += [*retired[: settings.keep_generations], *newest_waiting(session)]
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
    """Return the row of the generation that is to be published."""
    if generation_id is None:
        of_live_model, of_another = waiting_generations(session)
        if of_live_model:
            return of_live_model[0]
        if of_another:
            number = of_another[0].id
            raise UnknownGeneration(
                f"Generation {number} waits, but another model built it than the live one. "
                f"`findalike compare` shows which is better; `findalike publish {number}` swaps."
            )
        raise UnknownGeneration("No generation waits to be published. Run `findalike build`.")
    row = session.get(GenerationRow, generation_id)
    if row is None or row.state not in ("verified", "retired", "live"):
        state = "does not exist" if row is None else f"is in state {row.state}"
        raise UnknownGeneration(
            f"Generation {generation_id} {state}; `findalike status` lists those that can be "
            "published."
        )
    return row


def _keep_or_refuse(
    database: sqlalchemy.Engine, settings: Settings, rehearsal: "Rehearsal"
) -> None:
    """Keep a rehearsal; raise where it refuses the generation."""
    from search.publication.checks import keep_rehearsal, refusal

    sentence = refusal(rehearsal) if rehearsal.refusing else None
    keep_rehearsal(database, rehearsal, sentence)
    if sentence is None:
        return
    prune(database, settings, keep=rehearsal.generation)
    raise RehearsalRefused(sentence, rehearsal.as_dict())


def _swap(database: sqlalchemy.Engine, rehearsed: "Rehearsed", actor: str) -> None:
    """Make a rehearsed generation live, if the one that it was compared with still is live.

    Its answers to the saved descriptions are kept.
    """
    from search.merchandising.suite_runs import keep_run

    rehearsal = rehearsed.rehearsal
    failed = [check.name for check in rehearsal.checks if check.verdict == "failed"]
    details = {"in_spite_of": failed} if failed else {}
    with session_scope(database) as session:
        live = _locked_live_row(session)
        found = live.id if live is not None else None
        if found != rehearsal.against:
            raise AlreadyRunning(
                f"Generation {rehearsal.generation} was not published: it was compared with "
                f"generation {rehearsal.against}, and meanwhile {found} went live. If it is still "
                f"wanted, run `findalike publish {rehearsal.generation}`."
            )
        _point(session, rehearsal.generation, actor, details=details)
        if rehearsed.outcomes:
            keep_run(session, rehearsal.generation, rehearsed.outcomes, started_by=actor)
    log.info("generation_published", generation=rehearsal.generation, **details)


def _locked_live_row(session: Session) -> GenerationRow | None:
    """Return the live generation's row, locked until the end of the transaction."""
    return session.scalar(
        select(GenerationRow).where(GenerationRow.state == "live").with_for_update()
    )


def _point(
    session: Session,
    generation_id: int,
    actor: str,
    *,
    back: bool = False,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Move the live pointer.

    `published_at` orders the generations that were live. A rollback takes it from the generation
    that it leaves, so that no later rollback leads there again.
    """
    live = _locked_live_row(session)
    if live is not None:
        live.state = "retired"
        live.published_at = None if back else live.published_at
        session.flush()
    row = session.get_one(GenerationRow, generation_id)
    row.state = "live"
    row.published_at = _next_publication_time(session)
    left = None if live is None else live.id
    action = "generation.rollback" if back else "generation.publish"
    record_change(session, actor, action, generation_id, {"left": left, **(details or {})})


def _next_publication_time(session: Session) -> datetime:
    """Return the present time, or where the clock was set back, a time after all publications."""
    latest = session.scalar(select(func.max(GenerationRow.published_at)))
    now = datetime.now(UTC)
    return now if latest is None else max(now, latest + timedelta(microseconds=1))
