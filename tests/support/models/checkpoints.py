"""Small checkpoints with random weights, of architectures that open_clip knows."""

import json
from pathlib import Path
from typing import Any

from search.encoder.torchvision_ops import declare_missing_operators

WEIGHTS = "open_clip_model.safetensors"
CONFIG = "open_clip_config.json"
SENTENCES = (
    "a red velvet armchair with round oak legs",
    "blue ceramic mug, hand painted, 350 ml",
    "running shoes for women in black and white",
    "table lamp with a linen shade",
    "striped cotton t-shirt, long sleeves",
)

TEXT_CFG = {"context_length": 77, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1}
VIT: dict[str, Any] = {
    "embed_dim": 24,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16},
    "text_cfg": TEXT_CFG,
}
QUICK_VIT: dict[str, Any] = {**VIT, "quick_gelu": True}
CONVNEXT: dict[str, Any] = {
    "embed_dim": 32,
    "vision_cfg": {
        "timm_model_name": "test_convnext",
        "timm_pool": "",
        "timm_proj": "linear",
        "image_size": 64,
    },
    "text_cfg": TEXT_CFG,
}
SIGLIP: dict[str, Any] = {
    "embed_dim": 64,
    "init_logit_bias": -10,
    "custom_text": True,
    "vision_cfg": {
        "timm_model_name": "test_vit",
        "timm_pool": "map",
        "timm_proj": "none",
        "image_size": 64,
    },
    "text_cfg": {
        "context_length": 48,
        "vocab_size": 120,
        "hf_tokenizer_name": "findalike-tests/siglip-tokenizer",
        "tokenizer_kwargs": {"clean": "canonicalize"},
        "width": 64,
        "heads": 2,
        "layers": 1,
        "no_causal_mask": True,
        "proj_bias": True,
        "pool_type": "last",
        "norm_kwargs": {"eps": 1e-6},
    },
}
PREPARATION: dict[str, dict[str, Any]] = {
    "vit": {"resize_mode": "shortest"},
    "quick-vit": {"resize_mode": "shortest"},
    "convnext": {"interpolation": "bilinear", "mean": [0.0] * 3, "std": [1.0] * 3},
    "siglip": {"mean": [0.5] * 3, "std": [0.5] * 3, "resize_mode": "squash"},
}
ARCHITECTURES = {"vit": VIT, "quick-vit": QUICK_VIT, "convnext": CONVNEXT, "siglip": SIGLIP}


def write_checkpoint(
    folder: Path, architecture: str = "vit", *, seed: int = 5, **sections: object
) -> Path:
    """Write a checkpoint of an architecture; the same seed gives the same weights.

    Args:
        folder: Created if it is missing.
        architecture: A key of `ARCHITECTURES`.
        seed: Of the weights.
        sections: Further sections of the configuration file, such as `findalike`.
    """
    declare_missing_operators()
    import open_clip
    import torch
    from safetensors.torch import save_file

    model_cfg = ARCHITECTURES[architecture]
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    settings = {key: value for key, value in model_cfg.items() if key != "custom_text"}
    kind = open_clip.CustomTextCLIP if "custom_text" in model_cfg else open_clip.CLIP
    weights = kind(**settings).state_dict()
    for name, tensor in weights.items():  # open_clip initialises some parts with zero
        if tensor.is_floating_point() and name not in ("logit_scale", "logit_bias"):
            weights[name] = tensor + 0.02 * torch.randn_like(tensor)
    save_file({name: tensor.contiguous() for name, tensor in weights.items()}, folder / WEIGHTS)
    config = {"model_cfg": model_cfg, "preprocess_cfg": PREPARATION[architecture], **sections}
    (folder / CONFIG).write_text(json.dumps(config))
    if architecture == "siglip":
        write_tokenizer(folder)
    return folder


def write_tokenizer(folder: Path) -> None:
    """Write a small tokenizer like SigLIP's: pieces mark the start of words, `</s>` comes last.

    Like SigLIP's, it pads with `</s>` and does not lower-case texts.
    """
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=120, special_tokens=["<pad>", "</s>", "<unk>"], unk_token="<unk>",
        show_progress=False,
    )  # fmt: skip
    tokenizer.train_from_iterator([s.replace(",", "") for s in SENTENCES] * 4, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", 1)]
    )
    folder.mkdir(parents=True, exist_ok=True)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="</s>", eos_token="</s>", unk_token="<unk>"
    ).save_pretrained(folder)


def edit_config(folder: Path, section: str, **changes: object) -> None:
    """Change values in one section of a checkpoint's configuration."""
    file = folder / CONFIG
    config = json.loads(file.read_text())
    config.setdefault(section, {}).update(changes)
    file.write_text(json.dumps(config))


def fill_cache(cache: Path, repository: str, files: Path) -> None:
    """Put files into the cache of the hub's client, as if it had fetched them."""
    home = cache / f"models--{repository.replace('/', '--')}"
    revision = "a" * 40
    snapshot = home / "snapshots" / revision
    snapshot.mkdir(parents=True)
    for file in files.iterdir():
        (snapshot / file.name).write_bytes(file.read_bytes())
    (home / "refs").mkdir()
    (home / "refs" / "main").write_text(revision)
