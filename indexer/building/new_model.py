"""A new model beside the live generation's: loading both, and the generation that waits.

While a generation of a new model waits to be published, every run brings both generations up to
date, so that searches do not go stale. Nothing is published here: a person decides that.
"""

from dataclasses import dataclass
from typing import Any

import sqlalchemy
import structlog

from search.database.connection import session_scope
from search.database.models import GenerationRow
from search.encoder import Encoder, load_encoder
from search.errors import ModelUnavailable
from search.live.waiting_generations import newest_waiting
from search.publication.checks import latest_rehearsal
from search.settings import Settings

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class NamedModel:
    """A loaded model, and settings that name it."""

    settings: Settings
    encoder: Encoder

    @property
    def tag(self) -> str:
        """The model tag."""
        return self.encoder.tag


def load_model(settings: Settings) -> NamedModel:
    """Load the model that settings name.

    Raises:
        ModelUnavailable: it can't be loaded.
    """
    return NamedModel(settings, load_encoder(settings.model, settings.device))


def model_of(generation: GenerationRow, settings: Settings) -> NamedModel | None:
    """Load the model that built a generation; None where it can't be loaded any more."""
    name = (generation.manifest or {}).get("model")
    if name is None:
        return None
    try:
        model = load_model(settings.model_copy(update={"model": name}))
    except ModelUnavailable as error:
        log.warning("old_model_unavailable", generation=generation.id, error=str(error))
        return None
    if model.tag != generation.model_tag:
        log.warning("old_model_changed", generation=generation.id, model=name, found=model.tag)
        return None
    return model


def waiting_generation(database: sqlalchemy.Engine, model_tag: str) -> GenerationRow | None:
    """Return the generation of a model that waits to be published; None where none does.

    A generation that a rehearsal refused does not wait: it may have been built badly.
    """
    with session_scope(database) as session:
        for row in newest_waiting(session):
            refused = (latest_rehearsal(session, row.id) or {}).get("refused", False)
            if row.model_tag == model_tag and not refused:
                return row
    return None


def report_of_waiting(
    database: sqlalchemy.Engine, model: NamedModel, generation_id: int
) -> dict[str, Any]:
    """Return what a report says of a generation that waits."""
    with session_scope(database) as session:
        manifest = session.get_one(GenerationRow, generation_id).manifest
    return {
        "state": "waiting",
        "generation": generation_id,
        "model": model.settings.model,
        "model_tag": model.tag,
        "manifest": manifest,
    }
