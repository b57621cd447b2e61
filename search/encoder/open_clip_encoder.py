"""Encodes pictures and texts as unit vectors of one space, with a loaded open_clip model.

Loading belongs to `search.encoder.loading`; turning untrusted bytes into pictures to
`search.images`.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from PIL import Image

from search.encoder.fingerprint import fingerprint, short_name
from search.results import Embeddings

if TYPE_CHECKING:
    import torch

Item = TypeVar("Item")

_BATCH = {"cpu": 32, "cuda": 256}  # pictures in one forward pass


class OpenClipEncoder:
    """An open_clip model with its own preprocessing and tokenizer, ready to encode.

    Forward passes take turns, so that one encoder can serve many threads without starting more
    computing threads than there are cores.
    """

    def __init__(
        self,
        name: str,
        model: Any,  # noqa: ANN401 - open_clip has no types
        transform: Callable[[Image.Image], "torch.Tensor"],
        tokenizer: Callable[[list[str]], "torch.Tensor"],
        device: "torch.device",
    ) -> None:
        import torch

        self._torch = torch
        # Convolutions on CPU are about a fifth faster in this layout; values are the same.
        self._model = model.eval().to(memory_format=torch.channels_last)
        self._transform = transform
        self._tokenizer = tokenizer
        self._device = device
        self._turn = threading.Lock()
        self.tag = f"{short_name(name)}-{fingerprint(model)}"
        self.dim = int(self._forward_texts([""]).shape[1])

    def preprocess(self, image: Image.Image) -> "torch.Tensor":
        """Turn a picture into the model's input, (3, H, W) float32. Thread safe."""
        return self._transform(image.convert("RGB"))

    def encode_pixels(self, pixels: "torch.Tensor") -> Embeddings:
        """Encode preprocessed pictures (n, 3, H, W) as (n, d) float32 unit rows."""
        parts = [self._forward_pixels(part) for part in pixels.split(_BATCH[self._device.type])]
        return np.concatenate([self._nothing(), *parts])

    def encode_images(self, images: Sequence[Image.Image]) -> Embeddings:
        """Encode n pictures as (n, d) float32 unit rows."""
        parts = [
            self._forward_pixels(self._torch.stack([self.preprocess(image) for image in batch]))
            for batch in _batches(images, _BATCH[self._device.type])
        ]
        return np.concatenate([self._nothing(), *parts])

    def encode_texts(self, texts: Sequence[str]) -> Embeddings:
        """Encode n texts as (n, d) float32 unit rows; what exceeds the context is cut off."""
        parts = [self._forward_texts(batch) for batch in _batches(texts, 256)]
        return np.concatenate([self._nothing(), *parts])

    def _forward_pixels(self, pixels: "torch.Tensor") -> Embeddings:
        if not len(pixels):
            return self._nothing()
        pixels = pixels.to(self._device).contiguous(memory_format=self._torch.channels_last)
        with self._turn, self._torch.inference_mode(), self._precision():
            return _as_embeddings(self._model.encode_image(pixels))

    def _forward_texts(self, texts: list[str]) -> Embeddings:
        tokens = self._tokenizer(texts).to(self._device)
        with self._turn, self._torch.inference_mode(), self._precision():
            return _as_embeddings(self._model.encode_text(tokens))

    def _precision(self) -> "torch.autocast":
        cuda = self._device.type == "cuda"
        return self._torch.autocast(self._device.type, self._torch.bfloat16, enabled=cuda)

    def _nothing(self) -> Embeddings:
        return np.zeros((0, self.dim), dtype=np.float32)


def _as_embeddings(vectors: "torch.Tensor") -> Embeddings:
    rows = vectors.float().cpu().numpy()
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(norms, 1e-12), dtype=np.float32)


def _batches(items: Sequence[Item], size: int) -> Iterator[list[Item]]:
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
