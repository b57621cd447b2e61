"""Removes what is not kept for ever: thumbnails of gone pictures, old searches and their photos."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy
import structlog
from sqlalchemy import delete, select

from search.catalogue.change_inbox import forget_changes
from search.database.connection import session_scope
from search.database.models import ProductImage, SearchEvent
from search.pictures.thumbnails import ThumbnailStore
from search.traffic.no_result_photos import prune_photos

log = structlog.get_logger()


def prune_thumbnails(database: sqlalchemy.Engine, store: ThumbnailStore) -> int:
    """Remove thumbnails of pictures that no product has any more; return how many.

    It reads one of 256 folders at a time, so that it holds little in memory.
    """
    removed = 0
    for names in store.folders():
        with session_scope(database) as session:
            wanted = select(ProductImage.sha256).where(ProductImage.sha256.in_({*names.values()}))
            known = set(session.scalars(wanted))
        for path in (path for path, sha256 in names.items() if sha256 not in known):
            path.unlink(missing_ok=True)
            removed += 1
    if removed:
        log.info("thumbnails_pruned", files=removed)
    return removed


def forget_old_events(database: sqlalchemy.Engine, root: Path, *, older_than_days: float) -> int:
    """Delete old searches, with their clicks and photos; return how many searches.

    Photos that no search names are removed too, whatever left them behind, and so are changes of
    products that were settled as long ago.
    """
    first_kept = datetime.now(UTC) - timedelta(days=older_than_days)
    with session_scope(database) as session:
        changes = forget_changes(session, first_kept)
    if changes:
        log.info("changes_forgotten", changes=changes)
    with session_scope(database) as session:
        forgotten = session.execute(
            delete(SearchEvent).where(SearchEvent.created_at < first_kept).returning(SearchEvent.id)
        )
        count = len(forgotten.all())
    if count:
        log.info("events_forgotten", events=count)
    pruned = prune_photos(database, root)
    if pruned:
        log.info("asked_photos_pruned", files=pruned)
    return count
