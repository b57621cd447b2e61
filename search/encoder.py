"""Encodes pictures and texts as unit vectors of one space, with any open_clip model.

The embedded checkpoint is loaded by the same calls as every other model. It refuses to guess: a
model without weights, with an unknown name or behind an unreachable hub is `ModelUnavailable`.
Turning untrusted bytes into pictures belongs to `search.images`.
"""

import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np
import structlog
from PIL import Image

from search.errors import ModelUnavailable
from search.results import Embeddings

if TYPE_CHECKING:  # torch takes a second to import, which commands without a model need not wait
    import torch

log = structlog.get_logger()

Item = TypeVar("Item")

EMBEDDED_CHECKPOINT = Path(__file__).parent / "checkpoints" / "embedded"
_BATCH = {"cpu": 32, "cuda": 256}  # pictures in one forward pass


class Encoder(Protocol):
    """What the rest of the engine needs of a model."""

    @property
    def tag(self) -> str:
        """The model tag: a short name and a fingerprint of weights and preprocessing."""
        ...

    @property
    def dim(self) -> int:
        """Length d of every vector."""
        ...

    def preprocess(self, image: Image.Image) -> "torch.Tensor":
        """Turn a picture into the model's input, (3, H, W) float32. Thread safe."""
        ...

    def encode_pixels(self, pixels: "torch.Tensor") -> Embeddings:
        """Encode preprocessed pictures (n, 3, H, W) as (n, d) float32 unit rows."""
        ...

    def encode_images(self, images: Sequence[Image.Image]) -> Embeddings:
        """Encode n pictures as (n, d) float32 unit rows."""
        ...

    def encode_texts(self, texts: Sequence[str]) -> Embeddings:
        """Encode n texts as (n, d) float32 unit rows."""
        ...


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
        self.tag = f"{_short(name)}-{fingerprint(model)}"
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


def load_encoder(model: str, device: str = "auto") -> OpenClipEncoder:
    """Load a model and make it ready to encode.

    Args:
        model: `embedded`, `local-dir:PATH`, `hf-hub:ORG/NAME`, or an open_clip pair of
            architecture and weights such as `ViT-B-32/laion2b_s34b_b79k`.
        device: `auto` (CUDA where there is one), `cpu`, `cuda` or `cuda:N`.

    Raises:
        ModelUnavailable: no such model or device, a damaged checkpoint, or an unreachable hub.
    """
    from search.torchvision_ops import declare_missing_operators

    declare_missing_operators()
    import open_clip

    import search.embedded_tower  # noqa: F401 - registers the embedded image tower with timm

    where = _device(device)
    name, weights = _source(model)
    try:
        network, transform = open_clip.create_model_from_pretrained(
            name, weights, device=where, weights_only=True
        )
        tokenizer = open_clip.get_tokenizer(name)
    except Exception as error:  # open_clip raises whatever its many sources raise
        raise _unavailable(model, error) from error
    encoder = OpenClipEncoder(model, network, transform, tokenizer, where)
    log.info("encoder loaded", model_tag=encoder.tag, dim=encoder.dim, device=str(where))
    return encoder


def fingerprint(model: Any) -> str:  # noqa: ANN401 - open_clip has no types
    """Return 12 hex digits of the sha256 over a model's weights and preprocessing settings.

    Args:
        model: An open_clip model; names, shapes and bytes of its tensors count.
    """
    import torch

    digest = hashlib.sha256()
    settings = dict(model.visual.preprocess_cfg)
    digest.update(json.dumps(settings, sort_keys=True, default=str).encode())
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        # Bytes in logical order, so that the memory layout of a device does not change the tag.
        flat = tensor.detach().cpu().contiguous().flatten()
        digest.update(memoryview(flat.view(torch.uint8).numpy()))
    return digest.hexdigest()[:12]


def _as_embeddings(vectors: "torch.Tensor") -> Embeddings:
    rows = vectors.float().cpu().numpy()
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(norms, 1e-12), dtype=np.float32)


def _batches(items: Sequence[Item], size: int) -> Iterator[list[Item]]:
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


def _short(model: str) -> str:
    """Name a model in a way that can name a folder."""
    name = model
    if model.startswith("local-dir:"):
        name = Path(model.removeprefix("local-dir:")).resolve().name
    elif model.startswith("hf-hub:"):
        name = model.rsplit("/", 1)[-1]
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:48] or "model"


def _device(device: str) -> "torch.device":
    import torch

    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if not re.fullmatch(r"cpu|cuda(:\d+)?", device):
        raise ModelUnavailable(f"Unknown device {device!r}: use auto, cpu, cuda or cuda:N.")
    chosen = torch.device(device)
    if chosen.type == "cuda" and (chosen.index or 0) >= torch.cuda.device_count():
        raise ModelUnavailable(
            f"Device {device} was asked for, but torch sees {torch.cuda.device_count()} CUDA "
            "devices. Set FINDALIKE_DEVICE=auto, or install a CUDA build of torch and its driver."
        )
    return chosen


def _source(model: str) -> tuple[str, str | None]:
    """Translate a model setting to open_clip's name and weights."""
    import open_clip

    if model == "embedded":
        return f"local-dir:{EMBEDDED_CHECKPOINT}", None
    if model.startswith("local-dir:"):
        folder = Path(model.removeprefix("local-dir:")).expanduser()
        if not (folder / "open_clip_config.json").is_file():
            raise ModelUnavailable(
                f"{folder} holds no open_clip checkpoint: open_clip_config.json is missing. "
                "FINDALIKE_MODEL=local-dir:PATH needs a folder with that file and the weights."
            )
        return f"local-dir:{folder}", None
    if model.startswith("hf-hub:"):
        if not re.fullmatch(r"hf-hub:[\w.-]+/[\w.-]+", model):
            raise ModelUnavailable(f"{model!r} is not of the form hf-hub:ORG/NAME.")
        return model, None
    architecture, _, weights = model.rpartition("/")
    if architecture not in open_clip.list_models():
        raise ModelUnavailable(
            f"FINDALIKE_MODEL={model} is not known. Use embedded, local-dir:PATH, hf-hub:ORG/NAME, "
            "or an open_clip pair ARCHITECTURE/WEIGHTS such as ViT-B-32/laion2b_s34b_b79k"
            f"{_alternatives(architecture or model, open_clip.list_models())}"
        )
    known = open_clip.list_pretrained_tags_by_model(architecture)
    if weights not in known:
        raise ModelUnavailable(
            f"open_clip knows no weights {weights!r} of {architecture}; "
            f"it knows {', '.join(known) or 'none'}."
        )
    return architecture, weights


def _alternatives(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, list(known), n=3)
    return f". Did you mean {' or '.join(close)}?" if close else "."


def _unavailable(model: str, error: Exception) -> ModelUnavailable:
    """Say what to do about a model that open_clip could not load."""
    if model == "embedded" or model.startswith("local-dir:"):
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        advice = (
            "Reinstall findalike."
            if model == "embedded"
            else "Check that the folder holds open_clip_config.json, weights that fit it, "
            "and tokenizer files where the configuration names a tokenizer."
        )
        return ModelUnavailable(f"The checkpoint of {model} can't be loaded: {reason}. {advice}")
    from huggingface_hub import constants

    offline = " HF_HUB_OFFLINE is set, so nothing is fetched." if constants.HF_HUB_OFFLINE else ""
    return ModelUnavailable(
        f"{model} is neither in the cache folder {constants.HF_HUB_CACHE} nor can it be fetched "
        f"from the Hugging Face hub.{offline} Check the name and the network; or copy the cache "
        "folder from a machine that has the model and set HF_HUB_OFFLINE=1; or set "
        "FINDALIKE_MODEL=embedded."
    )
