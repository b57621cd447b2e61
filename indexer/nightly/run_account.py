"""The end of a run: an account of all products, examples to look at, and what is old removed.

The account says what became of every product, so that none is missing silently.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy

from indexer.nightly.retention import forget_old_events, prune_thumbnails
from search.database.connection import session_scope
from search.jobs.job_records import read_job
from search.live.live_pointer import require_live_row
from search.live.stored_generations import load_recorded
from search.operation.run_pictures import EXAMPLES, read_run_pictures
from search.pictures.sent_store import prune_sent_pictures
from search.pictures.thumbnails import ThumbnailStore
from search.publication.checks.product_counts import Recount, recount
from search.settings import Settings


def conclude(
    database: sqlalchemy.Engine,
    settings: Settings,
    job_id: int,
    sources: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Remove what is old; return the last part of a run's report. It may be repeated.

    Args:
        database: Where the live generation is recorded.
        settings: State root, how long events are kept.
        job_id: The job of the run.
        sources: The outcome of each catalogue that it read.

    Raises:
        NoGeneration: nothing is live.
    """
    with session_scope(database) as session:
        live = require_live_row(session)
    found = recount(database, load_recorded(settings.root, live))
    forgotten = forget_old_events(database, settings.root, older_than_days=settings.events_days)
    prune_sent_pictures(database, settings.root)
    prune_thumbnails(database, ThumbnailStore(settings.root))
    with session_scope(database) as session:
        examples = read_run_pictures(session, read_job(session, job_id))
    return {
        "manifest": live.manifest,
        "products": _account(found, sources),
        "events_forgotten": forgotten,
        EXAMPLES: asdict(examples),
    }


def _account(found: Recount, sources: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Return what became of all rows and products.

    `rows` and `refused` count what this run read. `products` are all of the catalogue: each is
    indexed, without a usable picture, retired, or waiting because it changed during the run.
    """
    return {
        "rows": sum(each["rows"] for each in sources),
        "refused": sum(each["refused"] for each in sources),
        "products": found.products,
        "indexed": found.indexed,
        "without_picture": found.without_picture,
        "retired": found.retired,
        "waiting": found.waiting,
    }
