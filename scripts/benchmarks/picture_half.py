"""The picture halves of models to measure: models that the engine loads, or random weights.

Speed depends on neither weights nor tokenizer, so an open_clip architecture can be measured without
its weights.
"""

import copy
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image

from search.encoder import load_encoder
from search.encoder.forward.picture_forward import PictureForward
from search.encoder.local_features import EncodedPictures
from search.encoder.picture_preparation import Preparation
from search.errors import ModelUnavailable

RANDOM = "random:"
SEED = 0


@dataclass(frozen=True)
class PictureHalf:
    """A model's image tower as the engine runs it, and as it was loaded."""

    forward: PictureForward
    device: torch.device
    plain: Any  # the open_clip model as loaded, float32
    transform: Callable[[Image.Image], torch.Tensor]

    @property
    def side_px(self) -> int:
        """Longer side of the model's input, in pixels."""
        return max(self.forward.preparation.side_px)

    def preprocess(self, image: Image.Image) -> torch.Tensor:
        """Turn a picture into the model's input, (3, H, W)."""
        return self.forward.preparation(image)

    def describe_pixels(self, pixels: torch.Tensor) -> EncodedPictures:
        """Describe prepared pictures (n, 3, H, W): vectors and local features."""
        return self.forward.run(pixels)


def load_picture_half(model: str, device: str) -> PictureHalf:
    """Load a model for measuring.

    Args:
        model: As FINDALIKE_MODEL, or `random:` and the name of an open_clip architecture.
        device: As FINDALIKE_DEVICE.

    Raises:
        ModelUnavailable: no such model or device.
    """
    if model.startswith(RANDOM):
        forward, where = _random(model.removeprefix(RANDOM), device)
    else:
        encoder = load_encoder(model, device)
        forward, where = encoder.pictures, encoder.device
    plain = copy.deepcopy(forward.model).to(memory_format=torch.contiguous_format)
    return PictureHalf(forward, where, plain, forward.preparation.transform)


def _random(name: str, device: str) -> tuple[PictureForward, torch.device]:
    from search.encoder.torchvision_ops import declare_missing_operators

    declare_missing_operators()
    import open_clip
    from open_clip.transform import PreprocessCfg, image_transform_v2

    if name not in open_clip.list_models():
        raise ModelUnavailable(f"open_clip knows no architecture {name!r}; see its list_models().")
    wanted = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
    where = torch.device(wanted)
    torch.manual_seed(SEED)
    network = open_clip.create_model(name, device=where).eval()
    transform = image_transform_v2(PreprocessCfg(**network.visual.preprocess_cfg), is_train=False)
    return PictureForward(network, Preparation(transform), where, threading.Lock()), where
