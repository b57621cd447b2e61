"""A small open_clip checkpoint with random weights, which loads quickly in worker processes."""

import json
from pathlib import Path

from search.encoder.torchvision_ops import declare_missing_operators

CONFIG = {
    "embed_dim": 32,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16},
    "text_cfg": {"context_length": 8, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1},
}


def write_checkpoint(folder: Path, seed: int = 3) -> Path:
    """Write the checkpoint; another seed is another model."""
    declare_missing_operators()
    import open_clip
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(seed)
    model = open_clip.CLIP(**CONFIG)
    weights = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    folder.mkdir(parents=True, exist_ok=True)
    save_file(weights, folder / "open_clip_model.safetensors")
    config = {"model_cfg": CONFIG, "preprocess_cfg": {"resize_mode": "shortest"}}
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    return folder
