"""Model tags: they name the weights and the preparation of pictures and texts behind a vector.

A tag depends on contents alone: not on paths, not on the device, not on the process.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

# Settings of training and of downloads, which change no vector. What a tokenizer does is read from
# the tokenizer, not from its name.
_WITHOUT_EFFECT = frozenset({
    "timm_model_pretrained", "hf_model_pretrained", "timm_drop", "timm_drop_path", "patch_dropout",
    "output_tokens", "hf_tokenizer_name", "tokenizer_kwargs", "tokenizer_mode", "init_logit_scale",
    "init_logit_bias", "nonscalar_logit_scale",
})  # fmt: skip


def short_name(model: str) -> str:
    """Return a short name of a model that can also name a folder."""
    name = model
    if model.startswith("local-dir:"):
        name = Path(model.removeprefix("local-dir:")).resolve().name
    elif model.startswith("hf-hub:"):
        name = model.rsplit("/", 1)[-1]
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:48] or "model"


def fingerprint(
    model: Any,  # noqa: ANN401 - open_clip has no types
    model_cfg: Mapping[str, Any],
    tokenizer: Any,  # noqa: ANN401
    templates: Sequence[str],
) -> str:
    """Return 12 hex digits of the sha256 over all that a model's vectors depend on.

    Args:
        model: An open_clip model: names, shapes and bytes of its tensors, and its preparation of
            pictures.
        model_cfg: Its configuration: quick-GELU, pooling, heads and so on, which the weights don't
            show.
        tokenizer: Its tokenizer, one of open_clip's.
        templates: The prompts that texts are put into.
    """
    import torch

    digest = hashlib.sha256()
    settings = {
        "pictures": dict(model.visual.preprocess_cfg),
        "architecture": _architecture(model_cfg),
        "tokenizer": _tokenizer(tokenizer),
        "templates": list(templates),
    }
    digest.update(json.dumps(settings, sort_keys=True, default=str).encode())
    tensors = dict(model.named_buffers()) | model.state_dict()  # some are not in a checkpoint
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tuple(tensor.shape)} {tensor.dtype}".encode())
        # Bytes in logical order, so that the memory layout of a device does not change the tag.
        flat = tensor.detach().cpu().contiguous().flatten()
        digest.update(memoryview(flat.view(torch.uint8).numpy()))
    return digest.hexdigest()[:12]


def _architecture(model_cfg: Mapping[str, Any]) -> dict[str, Any]:
    """Return what differs from open_clip's defaults, so that writing one out changes no tag."""
    from open_clip.model import CLIPTextCfg, CLIPVisionCfg

    kept = _effective(model_cfg, {"quick_gelu": False, "custom_text": False})
    for tower, defaults in (("vision_cfg", CLIPVisionCfg()), ("text_cfg", CLIPTextCfg())):
        kept[tower] = _effective(model_cfg.get(tower, {}), vars(defaults))
    return kept


def _effective(found: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: value
        for key, value in found.items()
        if key not in _WITHOUT_EFFECT and (key not in defaults or value != defaults[key])
    }


def _tokenizer(tokenizer: Any) -> dict[str, Any]:  # noqa: ANN401
    """Describe what a tokenizer does: cleaning, vocabulary, special tokens, context."""
    facts = {
        "kind": type(tokenizer).__name__,
        "context": tokenizer.context_length,
        "clean": tokenizer.clean_fn.__name__,
    }
    inner = getattr(tokenizer, "tokenizer", None)
    if inner is None:  # CLIP's own
        merges = sorted(tokenizer.bpe_ranks, key=tokenizer.bpe_ranks.get)
        return facts | {"words": tokenizer.encoder, "merges": merges}
    facts |= {
        "mode": tokenizer.tokenizer_mode,
        "strip_sep": tokenizer.strip_sep_token,
        "padding": [inner.padding_side, inner.pad_token_id],
        "special": {name: str(token) for name, token in inner.special_tokens_map.items()},
    }
    backend = getattr(inner, "backend_tokenizer", None)
    if backend is None:  # written in Python
        return facts | {"class": type(inner).__name__, "words": inner.get_vocab()}
    pieces = json.loads(backend.to_str())
    # Each call sets these: earlier texts must not change the tag.
    return facts | {k: v for k, v in pieces.items() if k not in ("truncation", "padding")}
