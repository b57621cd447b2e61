"""What answers a request: a generation and the model that built it, and never those of two.

The encoder belongs to the generation. Which one that is, the manifest says: `model` loads it,
`model_tag` proves that it is the same. FINDALIKE_MODEL is not read here: it says what the indexer
encodes with, which may be a model that nobody searches with yet.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image

from search.encoder import Encoder, load_encoder
from search.encoder.description_cache import RememberedPhotos
from search.errors import ModelMismatch
from search.index.generation_files import Generation, Manifest
from search.query.photo_and_text import Composer
from search.query.regions import RegionProposer
from search.settings import Settings
from search.text.attribute_vocabulary import load_vocabulary


@dataclass(frozen=True, slots=True)
class ServedGeneration:
    """A generation and what reads queries for it; a request that starts with one ends with it.

    Raises:
        ModelMismatch: the composer's model is not the one that built the generation.
    """

    generation: Generation
    composer: Composer

    def __post_init__(self) -> None:
        tag = self.generation.manifest.model_tag
        if tag != self.encoder.tag:
            raise ModelMismatch(tag, self.encoder.tag)

    @property
    def encoder(self) -> Encoder:
        """The model that built the generation."""
        return self.composer.encoder

    def warm_up(self) -> None:
        """Show the model a picture and a text, so that the first shopper does not wait."""
        self.encoder.encode_images([Image.new("RGB", (64, 64))])
        self.encoder.encode_texts(["ready?"])


class ModelPairing:
    """Pairs generations with the models that built them. Thread safe.

    It keeps no model that it has loaded: one goes with the last pair that holds it.

    Args:
        settings: The device, and the shop's vocabulary.
        proposer: Finds the things in photos; None: the encoder.
        at_hand: Models that are loaded already and stay so.
    """

    def __init__(
        self,
        settings: Settings,
        proposer: RegionProposer | None = None,
        at_hand: Sequence[Encoder] = (),
    ) -> None:
        self._device, self._proposer, self._at_hand = settings.device, proposer, tuple(at_hand)
        self._vocabulary = load_vocabulary(settings.vocabulary)

    def of(
        self, generation: Generation, before: ServedGeneration | None = None
    ) -> ServedGeneration:
        """Return a generation with its composer.

        Args:
            generation: Loaded.
            before: Where it is of the same model, its composer is taken on, with all that it
                remembers of photos.

        Raises:
            ModelUnavailable: the model can't be loaded.
            ModelMismatch: the model's files were changed since.
        """
        tag = generation.manifest.model_tag
        if before is not None and before.encoder.tag == tag:
            return ServedGeneration(generation, before.composer)
        encoder = self._encoder(generation.manifest)
        # Memories of photos are of one model, so each composer has its own.
        remembered = RememberedPhotos(encoder)
        return ServedGeneration(
            generation, Composer(encoder, self._vocabulary, self._proposer, remembered)
        )

    def _encoder(self, manifest: Manifest) -> Encoder:
        for encoder in self._at_hand:
            if encoder.tag == manifest.model_tag:
                return encoder
        return load_encoder(manifest.model, self._device)
