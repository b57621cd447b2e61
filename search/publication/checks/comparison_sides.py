"""The two sides of a comparison: the new generation and the live one, each with what asks it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import sqlalchemy
import structlog

from search.encoder import Encoder
from search.encoder.model_tag import short_name
from search.engine.configured_stages import configured_stages
from search.engine.search_engine import SearchEngine
from search.errors import ModelMismatch, ModelUnavailable
from search.index.generation_files import Generation
from search.live.answering_generation import OneGeneration
from search.live.model_pairing import ModelPairing, ServedGeneration
from search.publication.checks.rehearsal_outcome import RehearsalCheck
from search.ranking.stages import Stage
from search.settings import Settings

log = structlog.get_logger()


@dataclass(slots=True)
class Sides:
    """Opens engines over generations, each with the model that built it, when one is asked for.

    Args:
        database: Where products, rules and marks are.
        settings: As the searchers have them.
        encoder: A model that is loaded already; others are loaded where they are needed.
    """

    database: sqlalchemy.Engine
    settings: Settings
    encoder: Encoder | None = None
    _stages: Mapping[str, Stage] | None = None
    _paired: dict[str, ServedGeneration | None] = field(default_factory=dict)  # by model tag

    def engine(self, generation: Generation) -> SearchEngine | None:
        """Return what answers from a generation; None where its model can't be loaded here."""
        paired = self._pair(generation)
        if paired is None:
            return None
        if self._stages is None:
            self._stages = configured_stages(self.settings, self.database)
        one = OneGeneration(ServedGeneration(generation, paired.composer))
        return SearchEngine(self.database, one, self.settings, self._stages)

    def encoder_of(self, generation: Generation) -> Encoder | None:
        """Return the model that built a generation; None where it can't be loaded here."""
        paired = self._pair(generation)
        return None if paired is None else paired.encoder

    def _pair(self, generation: Generation) -> ServedGeneration | None:
        tag, model = generation.manifest.model_tag, generation.manifest.model
        if tag not in self._paired:
            at_hand = () if self.encoder is None else (self.encoder,)
            known = any(encoder.tag == tag for encoder in at_hand)
            if not known and not tag.startswith(f"{short_name(model)}-"):
                return None  # a tag begins with its model's name, so loading would be for nothing
            try:
                self._paired[tag] = ModelPairing(self.settings, at_hand=at_hand).of(generation)
            except (ModelUnavailable, ModelMismatch) as error:
                log.warning("model_unavailable", model_tag=tag, error=str(error))
                self._paired[tag] = None
        return self._paired[tag]


def check_model(sides: Sides, new: Generation, live: Generation | None) -> RehearsalCheck:
    """A new model loads: where it does not, searchers go on with the old one, none can start."""
    manifest = new.manifest
    if live is not None and live.manifest.model_tag == manifest.model_tag:
        return RehearsalCheck("model", "passed", "The model is that of the live generation.")
    if sides.encoder_of(new) is not None:
        return RehearsalCheck("model", "passed", f"FINDALIKE_MODEL={manifest.model} loads.")
    sentence = (
        f"FINDALIKE_MODEL={manifest.model} can't be loaded here as {manifest.model_tag}. Put its "
        "files where they were when it was built."
    )
    # Without a live generation of another model nobody is worse off than before.
    return RehearsalCheck("model", "told" if live is None else "failed", sentence)
