"""The two sides of a comparison: the new generation and the live one, each with what asks it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import sqlalchemy

from search.configured_stages import configured_stages
from search.encoder import Encoder, load_encoder
from search.encoder.fingerprint import short_name
from search.engine import SearchEngine
from search.errors import ModelUnavailable
from search.generation import Generation
from search.live import OneGeneration
from search.settings import Settings
from search.stages import Stage


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
    _loaded: dict[str, Encoder | None] = field(default_factory=dict)  # by model tag

    def engine(self, generation: Generation) -> SearchEngine | None:
        """Return what answers from a generation; None where its model can't be loaded here."""
        encoder = self.encoder_of(generation)
        if encoder is None:
            return None
        if self._stages is None:
            self._stages = configured_stages(self.settings, self.database)
        one = OneGeneration(generation)
        return SearchEngine(self.database, one, encoder, self.settings, self._stages)

    def encoder_of(self, generation: Generation) -> Encoder | None:
        """Return the model that built a generation; None where it can't be loaded here."""
        tag, model = generation.manifest.model_tag, generation.manifest.model
        if self.encoder is not None and self.encoder.tag == tag:
            return self.encoder
        if tag not in self._loaded:
            self._loaded[tag] = self._load(model, tag)
        return self._loaded[tag]

    def _load(self, model: str, tag: str) -> Encoder | None:
        if not tag.startswith(f"{short_name(model)}-"):
            return None  # a tag begins with its model's name, so loading would be for nothing
        try:
            found = load_encoder(model, self.settings.device)
        except ModelUnavailable:
            return None
        return found if found.tag == tag else None  # other weights may have this name by now
