"""Removes what killed runs left behind, before the next run begins.

The caller holds the lock of `reindex`. What another command may be working on is left alone: that
command holds a lock of its own, or a batch.
"""

from collections.abc import Sequence
from contextlib import suppress

import sqlalchemy
import structlog
from sqlalchemy import select

from indexer.building.build_generation import remove_dead_builds
from indexer.pictures.orphans import prune_orphan_shards
from search.database.advisory_locks import exclusively
from search.database.connection import session_scope
from search.database.models import Job
from search.errors import AlreadyRunning
from search.index.embedding_store import EmbeddingStore
from search.jobs.exclusive_job import KILLED
from search.jobs.job_records import fail
from search.live.stored_generations import generations_folder
from search.settings import Settings

log = structlog.get_logger()


def clean_up(database: sqlalchemy.Engine, settings: Settings) -> dict[str, int]:
    """Remove what killed builds left and shards that nothing refers to; end jobs of dead ingests.

    Returns:
        How many of each.
    """
    store = EmbeddingStore(settings.root)
    found = {
        "builds": _dead_builds(database, settings),
        "shards": len(prune_orphan_shards(database, store)),
        "ingests": _dead_ingests(database),
    }
    if any(found.values()):
        log.warning("dead_run_swept", **found)
    return found


def _dead_builds(database: sqlalchemy.Engine, settings: Settings) -> int:
    with suppress(AlreadyRunning), exclusively(database, "build"):
        return remove_dead_builds(database, generations_folder(settings.root))
    return 0


def _dead_ingests(database: sqlalchemy.Engine) -> int:
    """End the jobs of ingests whose process is gone; return how many."""
    with session_scope(database) as session:
        running = select(Job.id, Job.report).where(Job.kind == "ingest", Job.state == "running")
        jobs: Sequence[tuple[int, dict[str, object] | None]] = [
            (row.id, row.report) for row in session.execute(running)
        ]
    ended = 0
    for job_id, report in jobs:
        lock = f"ingest of {(report or {}).get('source')}"
        with (
            suppress(AlreadyRunning),
            exclusively(database, lock),
            session_scope(database) as session,
        ):
            ended += fail(session, job_id, KILLED)
    return ended
