"""Whether a generation is what a new build would make; then there is nothing to build."""

import sqlalchemy
import structlog

from indexer.build import plan_for
from indexer.new_model import Model
from indexer.snapshot import take_snapshot
from search.errors import DamagedGeneration
from search.generation import load_generation
from search.models import Generation as GenerationRow
from search.rehearsal.counts import recount
from search.vocabulary import load_vocabulary

log = structlog.get_logger()


def is_current(database: sqlalchemy.Engine, model: Model, kept: GenerationRow) -> bool:
    """Whether a new build with a model would hold what a generation holds, in the same index."""
    settings = model.settings
    snapshot = take_snapshot(database, model.tag, load_vocabulary(settings.vocabulary))
    if (kept.manifest or {}).get("signature") != snapshot.signature:
        return False
    try:
        found = load_generation(settings.root / "generations" / kept.directory, kept.id)
    except DamagedGeneration as error:
        log.warning("generation_damaged", generation=kept.id, error=str(error))
        return False
    if recount(database, found).wrong:
        return False
    return plan_for(settings, *found.vectors.shape).factory == found.manifest.factory
