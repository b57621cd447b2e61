"""Removes shards and fetched pictures that nothing refers to, and forgets damaged shards.

A worker that dies between writing a shard and the commit that records it leaves a file behind. Such
files do no harm but take space. A file is removed only if no transaction can be about to record it:
no batch is in work, or the file is older than any batch can be.
"""

from itertools import groupby
from pathlib import Path

import sqlalchemy
import structlog
from sqlalchemy import delete, select

from indexer.pictures.encode_job_row import batches_in_work
from indexer.pictures.spool import Spool
from search.database.connection import session_scope
from search.database.models import Embedding, Product, ProductImage
from search.errors import DamagedShard
from search.index.embedding_store import SUFFIX, EmbeddingStore

ORPHAN_AFTER_S = 2 * 3600.0  # longer than a claim can be held, see `indexer.pictures.encode_claims`

log = structlog.get_logger()


def prune_orphan_shards(
    database: sqlalchemy.Engine, store: EmbeddingStore, *, older_than_s: float = ORPHAN_AFTER_S
) -> list[Path]:
    """Remove shard files without any embedding row, and temporary files; return them.

    Args:
        database: Where embeddings are recorded.
        store: Where the files are.
        older_than_s: Younger files stay while a batch is in work.
    """
    stale = _unclaimed_files(database, store, older_than_s)
    if not stale:
        return []
    with session_scope(database) as session:
        recorded = set(session.scalars(select(Embedding.shard).distinct()))
    orphans = [path for path in stale if path.suffix != SUFFIX or path.name not in recorded]
    for path in orphans:
        path.unlink(missing_ok=True)
    if orphans:
        log.info("shards_pruned", files=len(orphans))
    return orphans


def prune_spool(
    database: sqlalchemy.Engine, spool: Spool, *, older_than_s: float = ORPHAN_AFTER_S
) -> list[Path]:
    """Remove fetched pictures that no product waits for, and temporary files; return them.

    Args:
        database: Where it is recorded which pictures wait.
        spool: Where the files are.
        older_than_s: Younger files stay while a batch is in work.
    """
    stale = _unclaimed_files(database, spool, older_than_s)
    removed = []
    for start in range(0, len(stale), 1000):
        batch = stale[start : start + 1000]
        names = [path.name for path in batch]
        waited_for = (
            select(ProductImage.fetched_sha256)
            .join(Product, Product.id == ProductImage.product_id)
            .where(Product.retired_at.is_(None), ProductImage.fetched_sha256.in_(names))
        )
        with session_scope(database) as session:
            waiting = set(session.scalars(waited_for))
        for path in batch:
            if path.name not in waiting:
                path.unlink(missing_ok=True)
                removed.append(path)
    if removed:
        log.info("spool_pruned", files=len(removed))
    return removed


def _unclaimed_files(
    database: sqlalchemy.Engine, store: EmbeddingStore | Spool, older_than_s: float
) -> list[Path]:
    """Return files that no batch in work can be about to record.

    The order matters: files are listed first, batches counted second, and the caller reads third
    which files are recorded. So a file of a batch that ended in between is found recorded.
    """
    young = set(store.stale_files(older_than_s=0))
    old = set(store.stale_files(older_than_s=older_than_s))
    with session_scope(database) as session:
        return sorted(old if young - old and batches_in_work(session) else young | old)


def forget_damaged_shards(database: sqlalchemy.Engine, store: EmbeddingStore) -> dict[str, int]:
    """Read every recorded shard; forget the embeddings of damaged ones.

    The next encode job encodes their pictures again. The damaged file is removed later, as an
    orphan.

    Returns:
        How many embeddings were forgotten, by shard.
    """
    forgotten: dict[str, int] = {}
    with session_scope(database) as session:
        kinds = select(Embedding.model_tag, Embedding.shard).distinct()
        recorded = session.execute(kinds.order_by(Embedding.model_tag, Embedding.shard)).all()
    for model_tag, shards in groupby(recorded, key=lambda row: row.model_tag):
        for shard in (row.shard for row in shards):
            try:
                store.read(model_tag, shard)
            except DamagedShard as error:
                log.warning("shard_damaged", shard=shard, error=str(error))
                with session_scope(database) as session:
                    lost = session.execute(
                        delete(Embedding)
                        .where(Embedding.model_tag == model_tag, Embedding.shard == shard)
                        .returning(Embedding.sha256)
                    ).all()
                forgotten[shard] = len(lost)
    return forgotten
