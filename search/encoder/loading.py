"""Loads open_clip models, the embedded checkpoint in the same way as all others.

Nothing is guessed: a model without weights or tokenizer, or a device that does not exist, raises
`ModelUnavailable`. Code that comes with a checkpoint is never run.
"""

import re
import warnings
from typing import TYPE_CHECKING, Any

import structlog

from search.encoder.model_sources import Source, find_source
from search.encoder.model_tag import fingerprint, short_name
from search.encoder.open_clip_encoder import OpenClipEncoder
from search.encoder.text_windows import TextWindows
from search.errors import ModelUnavailable
from search.text.normalise import single_spaced

if TYPE_CHECKING:
    import torch

log = structlog.get_logger()


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
    import search.encoder.embedded.tower  # noqa: F401 - registers the embedded image tower with timm

    where = device_named(device)
    source = find_source(model)
    tokenizer = _tokenizer(source)
    network, transform = _network(source, where)
    tag = fingerprint(network, source.model_cfg, tokenizer, source.templates)
    encoder = OpenClipEncoder(
        f"{short_name(model)}-{tag}",
        network,
        transform,
        TextWindows(tokenizer, source.templates),
        where,
    )
    log.info("encoder_loaded", model_tag=encoder.tag, dim=encoder.dim, device=str(where))
    return encoder


def device_named(device: str) -> "torch.device":
    """Return the device that a setting names.

    Raises:
        ModelUnavailable: torch does not see it.
    """
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


def _network(source: Source, where: "torch.device") -> tuple[Any, Any]:
    """Return the model with its weights, and the preparation of pictures."""
    import open_clip

    try:
        with warnings.catch_warnings():
            # open_clip warns of weights without a tag, torch of how old ones were pickled.
            warnings.simplefilter("ignore")
            return open_clip.create_model_from_pretrained(  # type: ignore[no-any-return]
                source.name,
                None if source.weights is None else str(source.weights),
                device=where,
                force_quick_gelu=bool(source.model_cfg.get("quick_gelu")),
                weights_only=True,
                **source.preparation,
            )
    except Exception as error:  # of any kind: open_clip loads from many libraries
        raise _unusable(source, error, "weights that fit its configuration") from error


def _tokenizer(source: Source) -> Any:  # noqa: ANN401 - open_clip has no types
    """Return the tokenizer that the configuration names.

    `open_clip.get_tokenizer` would ask the hub for a configuration that is here already. If the hub
    did not answer, it would take another tokenizer.
    """
    from open_clip.tokenizer import DEFAULT_CONTEXT_LENGTH, HFTokenizer, SimpleTokenizer

    text_cfg = source.model_cfg.get("text_cfg") or {}
    settings = dict(text_cfg.get("tokenizer_kwargs") or {})
    settings["context_length"] = text_cfg.get("context_length", DEFAULT_CONTEXT_LENGTH)
    if settings.get("trust_remote_code"):
        raise ModelUnavailable(
            f"The tokenizer of {source.model} wants to run code of its own, which is not allowed."
        )
    try:
        if source.tokenizer is None:
            return SimpleTokenizer(**settings)
        mode = text_cfg.get("tokenizer_mode")
        return HFTokenizer(source.tokenizer, local_files_only=True, tokenizer_mode=mode, **settings)
    except Exception as error:  # whatever transformers raises
        raise _unusable(source, error, "the files of its tokenizer") from error


def _unusable(source: Source, error: Exception, needed: str) -> ModelUnavailable:
    """Return the error for files that exist, but are not what open_clip needs."""
    said = single_spaced(str(error)) or type(error).__name__
    reason = said if len(said) <= 300 else f"{said[:300]}…"
    if source.model == "embedded":
        advice = "Reinstall findalike."
    elif source.local:
        advice = f"Check that the folder holds open_clip_config.json and {needed}."
    else:
        from huggingface_hub import constants

        advice = f"Delete the model's folder in {constants.HF_HUB_CACHE} to fetch it again."
    return ModelUnavailable(f"The checkpoint of {source.model} can't be loaded: {reason} {advice}")
