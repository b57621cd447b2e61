"""A cross-encoder: reads words and a picture together and says how well they match.

It is BLIP's image-text matching head (Li et al. 2022, arXiv:2201.12086), loaded by transformers
from a local folder. It is far slower than comparing vectors: every picture is read again for every
text. A folder that lacks a part of such a model is refused. The hub is never asked, and code that
comes with a checkpoint is never run.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import structlog
from PIL import Image

from search.encoder.loading import device_named
from search.encoder.transformers_folder import load_whole
from search.errors import ModelUnavailable

if TYPE_CHECKING:
    import torch

log = structlog.get_logger()


class CrossEncoder:
    """Says how well pictures match a text. Safe to share between threads.

    Args:
        network: A BlipForImageTextRetrieval, on its device.
        tokenizer: Its tokenizer.
        preparation: Its image processor.
        device: Where the network is.
    """

    def __init__(
        self,
        network: Any,  # noqa: ANN401 - transformers' own types say nothing
        tokenizer: Any,  # noqa: ANN401
        preparation: Any,  # noqa: ANN401
        device: "torch.device",
    ) -> None:
        self._network, self._tokenizer = network, tokenizer
        self._preparation, self._device = preparation, device
        self._longest = int(network.config.text_config.max_position_embeddings)

    def match(self, text: str, pictures: Sequence[Image.Image]) -> npt.NDArray[np.float32]:
        """Return (n,) float32, the probability that each picture shows what the text says."""
        import torch

        if not pictures:
            return np.empty(0, np.float32)
        words = self._tokenizer(
            text, truncation=True, max_length=self._longest, return_tensors="pt"
        ).to(self._device)
        pixels = self._preparation(images=list(pictures), return_tensors="pt")["pixel_values"]
        n = len(pictures)
        with torch.inference_mode():
            # Part by part: the model's own `forward` puts a mask on the CPU, whatever the device.
            seen = self._network.vision_model(pixels.to(self._device)).last_hidden_state
            read = self._network.text_encoder(
                input_ids=words["input_ids"].expand(n, -1),
                attention_mask=words["attention_mask"].expand(n, -1),
                encoder_hidden_states=seen,
                encoder_attention_mask=torch.ones(
                    seen.shape[:-1], dtype=torch.long, device=self._device
                ),
            ).last_hidden_state
            logits = self._network.itm_head(read[:, 0, :]).float()
            matching = logits.softmax(dim=-1)[:, 1]
        return np.asarray(matching.cpu().numpy(), dtype=np.float32)


def load_cross_encoder(folder: Path, device: str = "auto") -> CrossEncoder:
    """Load a model from a folder as transformers saves it.

    Args:
        folder: `config.json`, `model.safetensors`, the tokenizer and `preprocessor_config.json`.
        device: As for `search.encoder.load_encoder`.

    Raises:
        ModelUnavailable: no such device, or the folder does not hold a whole BLIP model for
            image-text matching.
    """
    where = device_named(device)
    network, tokenizer, preparation = load_whole(
        folder,
        "blip",
        ("BlipForImageTextRetrieval", "AutoTokenizer", "BlipImageProcessorPil"),
        lambda reason: _unusable(folder, reason),
    )
    log.info("cross_encoder_loaded", folder=str(folder), device=str(where))
    return CrossEncoder(network.to(where), tokenizer, preparation, where)


def _unusable(folder: Path, reason: str) -> ModelUnavailable:
    return ModelUnavailable(
        f"FINDALIKE_CROSS_ENCODER={folder} can't be loaded: {reason} Name a folder with a whole "
        "BLIP model for image-text matching, as `save_pretrained` of its model and processor "
        "writes it (Salesforce/blip-itm-base-coco is one), or unset the variable."
    )
