"""Forgets what unused models left behind: embeddings, and generations that wait.

A model that was tried leaves embeddings of the whole catalogue. They are kept as long as any
generation of that model is, so that a rollback never means encoding everything anew. A waiting
generation of a model that is neither set nor live does not count, and goes with them.
"""

import sqlalchemy
import structlog
from sqlalchemy import delete, func, select

from search.database.advisory_locks import exclusively
from search.database.connection import session_scope
from search.database.models import Embedding, GenerationRow, Job
from search.index.embedding_store import EmbeddingStore
from search.live.live_pointer import live_row
from search.publication.publishing import prune
from search.settings import Settings

log = structlog.get_logger()


def forget_unused_models(
    database: sqlalchemy.Engine, settings: Settings, model_tag: str
) -> dict[str, int]:
    """Remove waiting generations of unused models, and embeddings that no generation needs.

    Args:
        database: Where generations and embeddings are recorded.
        settings: State root, how many generations to keep.
        model_tag: Tag of the model that is set; it is kept, and so is the live generation's.

    Returns:
        How many embeddings went, by model tag.

    Raises:
        AlreadyRunning: a publication is at work.
    """
    with exclusively(database, "publication"):
        with session_scope(database) as session:
            live = live_row(session)
            wanted = {model_tag} | ({live.model_tag} if live is not None else set())
            given_up = GenerationRow.model_tag.not_in(wanted)
            session.execute(
                delete(GenerationRow).where(GenerationRow.state == "verified", given_up)
            )
            used = {model_tag, *session.scalars(select(GenerationRow.model_tag).distinct())}
            at_work = select(Job.report["model_tag"].astext).where(Job.state == "running")
            used |= {tag for tag in session.scalars(at_work) if tag is not None}
            unused = Embedding.model_tag.not_in(used)
            tag = Embedding.model_tag
            counted = select(tag, func.count().label("rows")).where(unused).group_by(tag)
            gone = {row.model_tag: row.rows for row in session.execute(counted)}
            session.execute(delete(Embedding).where(unused))
        prune(database, settings)
    store = EmbeddingStore(settings.root)
    for tag in gone:
        store.forget(tag)
    if gone:
        log.info("models_forgotten", embeddings=gone)
    return gone
