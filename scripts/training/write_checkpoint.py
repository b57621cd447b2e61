"""Writes the trained towers as an open_clip `local-dir` checkpoint, and the local heads."""

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from open_clip.transformer import TextTransformer
from safetensors.torch import save_file
from torch import Tensor

from scripts.training.pictures.phone_views import SIDE_PX
from scripts.training.texts.text_tower import TEXT_CFG
from search.encoder.embedded.local_heads import SHAPES, WEIGHTS
from search.encoder.embedded.tower import TOWER_NAME, ProductTower

_TOKENIZER = {
    "tokenizer_class": "PreTrainedTokenizerFast",
    "pad_token": "[PAD]",
    "unk_token": "[UNK]",
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "model_max_length": TEXT_CFG["context_length"],
    "clean_up_tokenization_spaces": False,
}


def write_checkpoint(
    folder: Path, tower: ProductTower, text: TextTransformer, tokenizer: str
) -> int:
    """Write configuration, float16 weights and tokenizer; return the number of bytes.

    Args:
        folder: Created if missing; files of an earlier checkpoint are replaced.
        tower: The image tower.
        text: The text tower.
        tokenizer: `tokenizer.json` as text.
    """
    folder.mkdir(parents=True, exist_ok=True)
    vision = {
        "timm_model_name": TOWER_NAME,
        "timm_model_pretrained": False,
        "timm_pool": "",
        "timm_proj": "none",
        "image_size": SIDE_PX,
    }
    backbone = tower.backbone.default_cfg
    config = {
        "model_cfg": {
            "embed_dim": tower.shape.dim,
            "vision_cfg": vision,
            "text_cfg": {**TEXT_CFG, "vocab_size": text.vocab_size},
            "custom_text": True,
        },
        "preprocess_cfg": {
            "mean": list(backbone["mean"]),
            "std": list(backbone["std"]),
            "interpolation": "bicubic",
            "resize_mode": "squash",
        },
    }
    weights = {f"visual.trunk.{k}": v for k, v in tower.state_dict().items()}
    weights |= {f"text.{k}": v for k, v in text.state_dict().items()}
    weights["logit_scale"] = torch.tensor(3.0)
    save_file({k: _half(v) for k, v in weights.items()}, folder / "open_clip_model.safetensors")
    (folder / "open_clip_model.safetensors").chmod(0o644)
    (folder / "open_clip_config.json").write_text(json.dumps(config, indent=2) + "\n")
    (folder / "tokenizer.json").write_text(tokenizer + "\n", encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps(_TOKENIZER, indent=2) + "\n")
    return sum(file.stat().st_size for file in folder.iterdir())


def write_local_heads(folder: Path, tensors: Mapping[str, Tensor]) -> Path:
    """Write the local heads' float16 weights beside the towers'; return the file.

    Raises:
        ValueError: the encoder reads other tensors than these.
    """
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    if shapes != dict(SHAPES):
        raise ValueError(f"local heads are {dict(SHAPES)}, not {shapes}")
    file = folder / WEIGHTS.name
    save_file({name: _half(tensor) for name, tensor in tensors.items()}, file)
    file.chmod(0o644)
    return file


def _half(tensor: Tensor) -> Tensor:
    return tensor.detach().half().contiguous() if tensor.is_floating_point() else tensor.detach()
