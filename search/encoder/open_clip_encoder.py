"""Encodes pictures and texts as unit vectors of one space, with a loaded open_clip model.

Loading belongs to `search.encoder.loading`; turning untrusted bytes into pictures to
`search.pictures.decoding`.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from PIL import Image

from search.encoder.forward.picture_forward import PictureForward
from search.encoder.local_features import EncodedPictures
from search.encoder.picture_preparation import Preparation, Sides
from search.encoder.text_windows import TextWindows
from search.encoder.unit_rows import unit_rows
from search.results import Embeddings

if TYPE_CHECKING:
    import torch

Item = TypeVar("Item")

_PREPARED = 256  # pictures held prepared at once
_PROMPTS = 256  # texts in one forward pass


class OpenClipEncoder:
    """An open_clip model with its own preprocessing, tokenizer and prompts, ready to encode.

    Forward passes take turns. So one encoder can serve many threads, and no more computing threads
    run than there are cores.
    """

    def __init__(
        self,
        tag: str,
        model: Any,  # noqa: ANN401 - open_clip has no types
        transform: Callable[[Image.Image], "torch.Tensor"],
        texts: TextWindows,
        device: "torch.device",
    ) -> None:
        import torch

        self._torch = torch
        self._model = model.eval()
        self._prepare = Preparation(transform)
        self._texts = texts
        self.device = device
        self._turn = threading.Lock()
        self.pictures = PictureForward(self._model, self._prepare, device, self._turn)
        self.tag = tag
        self.dim = int(self._forward_texts([""]).shape[1])

    @property
    def side_px(self) -> int:
        """Longer side of the model's input, in pixels."""
        return max(self._prepare.side_px)

    def preprocess(self, image: Image.Image) -> "torch.Tensor":
        """Turn a picture into the model's input, (3, H, W) uint8 or float32. Thread safe."""
        return self._prepare(image)

    def visible(self, size: tuple[int, int]) -> Sides:
        """Return the part of a picture of this size that the model sees; see `Sides`."""
        return self._prepare.visible(size)

    def describe_pixels(self, pixels: "torch.Tensor") -> EncodedPictures:
        """Describe preprocessed pictures (n, 3, H, W), n ≥ 1: vectors and local features.

        Raises:
            DeviceOutOfMemory: not even one picture fits into the device's memory.
        """
        return self.pictures.run(pixels)

    def describe(self, images: Sequence[Image.Image]) -> EncodedPictures:
        """Describe n ≥ 1 pictures; errors as `describe_pixels`."""
        return EncodedPictures.joined(
            [
                self.describe_pixels(self._torch.stack([self.preprocess(i) for i in batch]))
                for batch in _batches(images, _PREPARED)
            ]
        )

    def encode_images(self, images: Sequence[Image.Image]) -> Embeddings:
        """Encode n pictures as (n, d) float32 unit rows; errors as `describe_pixels`."""
        return self.describe(images).vectors if images else self._nothing()

    def encode_texts(self, texts: Sequence[str]) -> Embeddings:
        """Encode n texts as (n, d) float32 unit rows.

        Each text is put into the model's prompts. A text longer than the context is encoded in
        windows that are pooled (`search.encoder.text_windows`). All prompts of all texts share
        forward passes.
        """
        plan = self._texts.plan(texts)
        parts = [self._forward_texts(batch) for batch in _batches(plan.prompts, _PROMPTS)]
        return plan.pool(np.concatenate([self._nothing(), *parts]))

    def _forward_texts(self, texts: list[str]) -> Embeddings:
        tokens = self._texts.tokens(texts).to(self.device)
        with self._turn, self._torch.inference_mode(), self._precision():
            return unit_rows(self._model.encode_text(tokens).float().cpu().numpy())

    def _precision(self) -> "torch.autocast":
        cuda = self.device.type == "cuda"
        return self._torch.autocast(self.device.type, self._torch.bfloat16, enabled=cuda)

    def _nothing(self) -> Embeddings:
        return np.zeros((0, self.dim), dtype=np.float32)


def _batches(items: Sequence[Item], size: int) -> Iterator[list[Item]]:
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
