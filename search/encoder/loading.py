"""Finds and loads open_clip models; the embedded checkpoint comes by the same calls as all others.

It refuses to guess: a model without weights, with an unknown name or behind an unreachable hub is
`ModelUnavailable`.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from search.encoder.open_clip_encoder import OpenClipEncoder
from search.errors import ModelUnavailable

if TYPE_CHECKING:
    import torch

log = structlog.get_logger()

EMBEDDED_CHECKPOINT = Path(__file__).parent / "checkpoints" / "embedded"


def load_encoder(model: str, device: str = "auto") -> OpenClipEncoder:
    """Load a model and make it ready to encode.

    Args:
        model: `embedded`, `local-dir:PATH`, `hf-hub:ORG/NAME`, or an open_clip pair of
            architecture and weights such as `ViT-B-32/laion2b_s34b_b79k`.
        device: `auto` (CUDA where there is one), `cpu`, `cuda` or `cuda:N`.

    Raises:
        ModelUnavailable: no such model or device, a damaged checkpoint, or an unreachable hub.
    """
    from search.encoder.torchvision_ops import declare_missing_operators

    declare_missing_operators()
    import open_clip

    import search.encoder.embedded_tower  # noqa: F401 - registers the embedded image tower with timm

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
