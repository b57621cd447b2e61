"""Whether a generation is what a new build would make; then there is nothing to build."""

import sqlalchemy
import structlog

from indexer.building.build_generation import plan_for
from indexer.building.new_model import NamedModel
from indexer.snapshot.catalogue_snapshot import read_signature
from search.database.models import GenerationRow
from search.errors import DamagedGeneration
from search.index.generation_files import load_generation, verify_files
from search.publication.checks.product_counts import recount
from search.text.attribute_vocabulary import load_vocabulary

log = structlog.get_logger()


def is_current(database: sqlalchemy.Engine, model: NamedModel, kept: GenerationRow) -> bool:
    """Whether a new build with a model would hold what a generation holds, in the same index.

    Its files are read to their last byte: what a disk has spoilt is built anew.
    """
    settings = model.settings
    signature = read_signature(database, model.tag, load_vocabulary(settings.vocabulary))
    if (kept.manifest or {}).get("signature") != signature:
        return False
    directory = settings.root / "generations" / kept.directory
    try:
        verify_files(directory)
        found = load_generation(directory, kept.id)
    except DamagedGeneration as error:
        log.warning("generation_damaged", generation=kept.id, error=str(error))
        return False
    if recount(database, found).wrong:
        return False
    return plan_for(settings, *found.vectors.shape).allows(found.manifest.factory)
