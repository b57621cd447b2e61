"""The re-ranking stages that an operator's settings ask for, ready to run."""

from collections.abc import Mapping

import sqlalchemy

from search.pictures.rendition_reader import Renditions
from search.pictures.rendition_store import PictureStore
from search.ranking.stages import STAGES, Stage
from search.ranking.stages.cross_encoding import NAME, CrossEncoding, insert_before
from search.settings import Settings


def configured_stages(settings: Settings, database: sqlalchemy.Engine) -> Mapping[str, Stage]:
    """Return the stages to run, in order; a cross-encoder is among them if one is set.

    Raises:
        ModelUnavailable: FINDALIKE_CROSS_ENCODER names no such model.
    """
    if settings.cross_encoder is None:
        return STAGES
    from search.encoder.cross_encoder import load_cross_encoder

    matcher = load_cross_encoder(settings.cross_encoder.expanduser(), settings.device)
    renditions = Renditions(database, PictureStore(settings.root))
    return insert_before(STAGES, "rules", **{NAME: CrossEncoding(matcher, renditions)})
