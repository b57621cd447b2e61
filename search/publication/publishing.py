"""Makes a generation live, goes back to the one before, and prunes what nobody needs.

The live pointer is the one row of `generation` in state `live`; it moves in one transaction, which
records who moved it. What goes live is rehearsed first; what was live before is not.
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
    NoGeneration,
    RehearsalRefused,
    UnknownGeneration,
)
from search.index.generation_files import TEMPORARY, check_sizes
from search.live.live_pointer import live_row
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
    """Rehearse a generation and make it live; the rehearsal is kept, whatever comes of it.

    Args:
        database: Where the pointer is.
        settings: State root, limits of the rehearsal, how many generations to keep.
        generation_id: Which; None: the newest verified one.
        actor: Who wants it, for the audit trail; None: whoever runs this process.
        encoder: A model that is loaded already; None: what the rehearsal needs is loaded.
        in_spite_of: Checks of the rehearsal that may fail, see `search.publication.checks.CHECKS`.

    Returns:
        The id of the generation that is live now.

    Raises:
        UnknownGeneration: there is none to publish, or it is not in a state for it.
        RehearsalRefused: it fails a check; it is kept as it is, and the live one stays.
        AlreadyRunning: another publication is at work, or moved the pointer meanwhile.
    """
    from search.publication.checks import (
        rehearse,  # going back needs no engine, and must be quick
    )

    # Going back must not wait for a rehearsal, so the pointer has a lock of its own.
    with exclusively(database, "rehearsal"):
        with session_scope(database) as session:
            row, live = _wanted(session, generation_id), _live(session)
            chosen, state, directory = row.id, row.state, row.directory
            compared = (live.id, settings.root / "generations" / live.directory) if live else None
        done = None
        if state != "live":
            new = (chosen, settings.root / "generations" / directory)
            done = rehearse(
                database, settings, new, compared, encoder=encoder, in_spite_of=in_spite_of
            )
            _keep_or_refuse(database, settings, done.rehearsal)
        with exclusively(database, "publication"):
            if done is not None:
                _swap(database, done, actor or cli_actor())
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
                check_sizes(settings.root / "generations" / directory)
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
    """Return the generation that a rollback would lead to if it is undamaged; None: there is none.

    Raises:
        NoGeneration: nothing is live.
    """
    before = _before_live(database)
    return before[0][0] if before else None


def _before_live(database: sqlalchemy.Engine) -> list[tuple[int, str]]:
    """Return id and directory of what was live before the present generation, latest first."""
    with session_scope(database) as session:
        live = live_row(session)
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


def prune(database: sqlalchemy.Engine, settings: Settings, *, keep: int | None = None) -> list[str]:
    """Remove generations beyond those kept for rollback, failed ones, and unknown directories.

    A build at work is left alone: its temporary directory, and the row it has made. So is the
    generation `keep`.

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
    """Return the row to publish."""
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
    """Keep what a rehearsal found; refuse what it says must not go live."""
    from search.publication.checks import keep_rehearsal, refusal

    sentence = refusal(rehearsal) if rehearsal.refusing else None
    keep_rehearsal(database, rehearsal, sentence)
    if sentence is None:
        return
    prune(database, settings, keep=rehearsal.generation)
    raise RehearsalRefused(sentence, rehearsal.as_dict())


def _swap(database: sqlalchemy.Engine, done: "Rehearsed", actor: str) -> None:
    """Make live what was rehearsed, if what it was compared with still is; keep its answers."""
    from search.merchandising.suite_runs import keep_run

    rehearsal = done.rehearsal
    failed = [check.name for check in rehearsal.checks if check.verdict == "failed"]
    details = {"in_spite_of": failed} if failed else {}
    with session_scope(database) as session:
        live = _live(session)
        found = live.id if live is not None else None
        if found != rehearsal.against:
            raise AlreadyRunning(
                f"Generation {rehearsal.generation} was not published: it was compared with "
                f"generation {rehearsal.against}, and meanwhile {found} went live. If it is still "
                f"wanted, run `findalike publish {rehearsal.generation}`."
            )
        _point(session, rehearsal.generation, actor, details=details)
        if done.outcomes:
            keep_run(session, rehearsal.generation, done.outcomes, started_by=actor)
    log.info("generation_published", generation=rehearsal.generation, **details)


def _live(session: Session) -> GenerationRow | None:
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

    `published_at` orders what was live. Going back takes it from the generation that is left, so
    that no later rollback leads there again.
    """
    live = _live(session)
    if live is not None:
        live.state = "retired"
        live.published_at = None if back else live.published_at
        session.flush()
    row = session.get_one(GenerationRow, generation_id)
    row.state = "live"
    row.published_at = _after_all(session)
    left = None if live is None else live.id
    action = "generation.rollback" if back else "generation.publish"
    record_change(session, actor, action, generation_id, {"left": left, **(details or {})})


def _after_all(session: Session) -> datetime:
    """Return the present time, or where a clock was set back, one that follows all publications."""
    latest = session.scalar(select(func.max(GenerationRow.published_at)))
    now = datetime.now(UTC)
    return now if latest is None else max(now, latest + timedelta(microseconds=1))
