"""Model tags: which weights and which preprocessing made a vector."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any


def short_name(model: str) -> str:
    """Name a model in a way that can name a folder."""
    name = model
    if model.startswith("local-dir:"):
        name = Path(model.removeprefix("local-dir:")).resolve().name
    elif model.startswith("hf-hub:"):
        name = model.rsplit("/", 1)[-1]
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:48] or "model"


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
