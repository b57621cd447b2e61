"""Whether a generation already holds what a new build would; then there is nothing to build."""

import sqlalchemy
import structlog

from indexer.building.build_generation import plan_for
from indexer.building.new_model import NamedModel
from indexer.snapshot.catalogue_snapshot import read_signature
from search.database.models import GenerationRow
from search.errors import DamagedGeneration
from search.index.generation_files import verify_files
from search.live.stored_generations import directory_of, load_recorded
from search.publication.checks.product_counts import recount
from search.text.attribute_vocabulary import load_vocabulary

log = structlog.get_logger()


def is_current(database: sqlalchemy.Engine, model: NamedModel, row: GenerationRow) -> bool:
    """Return whether a new build would hold what a generation holds, in the same kind of index.

    All its files are compared with their checksums: a damaged generation is built anew.
    """
    settings = model.settings
    signature = read_signature(database, model.tag, load_vocabulary(settings.vocabulary))
    if (row.manifest or {}).get("signature") != signature:
        return False
    try:
        verify_files(directory_of(settings.root, row))
        found = load_recorded(settings.root, row)
    except DamagedGeneration as error:
        log.warning("generation_damaged", generation=row.id, error=str(error))
        return False
    if recount(database, found).wrong:
        return False
    return plan_for(settings, *found.vectors.shape).allows(found.manifest.factory)
