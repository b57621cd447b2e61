"""Regions from an object detector: OWLv2 (Minderer et al. 2023, arXiv:2306.09683).

Its objectness head needs no words: it says which tokens see a thing. Its box head says where that
thing is. A detector is far slower than the encoder's own region head, because one more large model
looks at every photo. A folder that lacks any part of such a model is refused.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import structlog
from PIL import Image

from search.encoder.loading import device_named
from search.encoder.local_features import EncodedPictures
from search.encoder.transformers_folder import load_whole
from search.errors import ModelUnavailable
from search.query.regions.proposer import strongest
from search.results import Region

if TYPE_CHECKING:
    import torch

log = structlog.get_logger()


class DetectorRegions:
    """Proposes what a detector finds. Safe to share between threads.

    Args:
        network: An Owlv2ForObjectDetection, on its device.
        preparation: Its image processor.
        device: Where the network is.
    """

    def __init__(
        self,
        network: Any,  # noqa: ANN401 - transformers' own types say nothing
        preparation: Any,  # noqa: ANN401
        device: "torch.device",
    ) -> None:
        self._network, self._preparation, self._device = network, preparation, device

    def propose(self, photo: Image.Image, described: EncodedPictures) -> tuple[Region, ...]:
        """Return regions; see `RegionProposer.propose`. The encoder's description is not used."""
        import torch

        pixels = self._preparation(images=photo, return_tensors="pt")["pixel_values"]
        with torch.inference_mode():
            feature_map, _ = self._network.image_embedder(pixels.to(self._device))
            tokens = feature_map.flatten(1, 2)
            logits = self._network.objectness_predictor(tokens)[0]
            boxes = self._network.box_predictor(tokens, feature_map)[0]
        scores = logits.float().sigmoid().cpu().numpy()
        x, y, w, h = boxes.float().cpu().numpy().T
        corners = np.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], axis=1)
        # Boxes are fractions of a square: the processor pads the photo below or to the right.
        longest = max(photo.size)
        width, height = (side / longest for side in photo.size)
        return strongest(np.clip(corners / (width, height, width, height), 0, 1), scores)


def load_detector(folder: Path, device: str = "auto") -> DetectorRegions:
    """Load a detector from a folder as transformers saves it.

    Args:
        folder: `config.json`, `model.safetensors` and `preprocessor_config.json`.
        device: As for `search.encoder.load_encoder`.

    Raises:
        ModelUnavailable: there is no such device, or the folder holds no whole OWLv2 detector.
    """
    where = device_named(device)
    network, preparation = load_whole(
        folder,
        "owlv2",
        ("Owlv2ForObjectDetection", "Owlv2ImageProcessorPil"),
        lambda reason: _unusable(folder, reason),
    )
    log.info("detector_loaded", folder=str(folder), device=str(where))
    return DetectorRegions(network.to(where), preparation, where)


def _unusable(folder: Path, reason: str) -> ModelUnavailable:
    return ModelUnavailable(
        f"FINDALIKE_REGIONS=local-dir:{folder} can't be loaded: {reason} Name a folder with a "
        "whole OWLv2 detector, as `save_pretrained` of its model and image processor writes it "
        "(google/owlv2-base-patch16-ensemble is one), or set FINDALIKE_REGIONS=encoder."
    )
