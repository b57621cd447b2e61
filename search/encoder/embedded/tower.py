"""The embedded encoder's image tower, registered with timm as `findalike_tower`.

open_clip loads it by that name, like any other timm image tower. It is an EfficientNet-Lite whose
features at several depths, and the colours of the likely foreground, feed three heads. The vector
has a part for each head, so that one cosine index serves every kind of query:

- visual: what the thing looks like, for photo queries. Text vectors are zero here.
- semantic: what the thing is, in the centred space of the text tower. A fixed branch turns
  ImageNet's class probabilities into a mean of class-name embeddings (a convex combination:
  Norouzi et al. 2014, arXiv:1312.5650). A second branch does so with the embeddings of 631 product
  names. A learned residual adds what both lack.
- colour: which colours the thing has, in the space that colour words are written to.

Beside the vector, the local heads describe each cell of the picture
(`search.encoder.embedded.local_heads`).

Preprocessing, loading and tokens belong to open_clip.
"""

from dataclasses import dataclass
from typing import Any

import timm
import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from timm.models import register_model
from torch import Tensor, nn

from search.encoder.embedded.colour_histograms import ColourHistograms
from search.encoder.embedded.local_heads import LocalHeads

TOWER_NAME = "findalike_tower"


@dataclass(frozen=True)
class TowerShape:
    """Sizes of the tower's parts; the defaults are those of the shipped checkpoint."""

    backbone: str = "tf_efficientnet_lite2"
    texture_stages: tuple[int, ...] = (1, 2, 4)  # stages whose maps are pooled, beside the last
    texture_dim: int = 384  # mean and deviation of their 24 + 48 + 120 channels
    deep_dim: int = 1280
    visual_dim: int = 192
    semantic_dim: int = 160
    colour_dim: int = 32
    residual_width: int = 512
    label_width: int = 512
    labels: int = 631
    colour_width: int = 64

    @property
    def dim(self) -> int:
        """Length of the image vector."""
        return self.visual_dim + self.semantic_dim + self.colour_dim


class ProductTower(nn.Module):
    """Turns normalised pictures (n, 3, H, W) into unit vectors (n, d)."""

    def __init__(self, shape: TowerShape | None = None) -> None:
        super().__init__()
        self.shape = shape = shape or TowerShape()
        self.num_features = shape.dim
        # The backbone's own classifier is kept: it is the fixed semantic branch.
        # timm gives its models no types beyond Module.
        self.backbone: Any
        self.backbone = timm.create_model(shape.backbone)
        trained_on = self.backbone.default_cfg
        self.colours = ColourHistograms(mean=trained_on["mean"], std=trained_on["std"])
        width = shape.deep_dim + shape.texture_dim + self.colours.dim
        # 1000 ImageNet classes, each with the embedding of its name.
        self.class_names = nn.Parameter(torch.zeros(1000, shape.semantic_dim))
        # Softer than the classifier was trained: other classes that fit tell about the thing too.
        self.class_temperature = nn.Parameter(torch.tensor(2.0))
        self.labels = nn.Sequential(
            nn.Linear(shape.deep_dim, shape.label_width),
            nn.GELU(),
            nn.Linear(shape.label_width, shape.labels),
        )
        self.label_names = nn.Parameter(torch.zeros(shape.labels, shape.semantic_dim))
        self.label_share = nn.Parameter(torch.tensor(0.8))  # weight of labels against classes
        self.feature_mean = nn.Parameter(torch.zeros(width))
        self.feature_scale = nn.Parameter(torch.ones(width))
        self.visual = nn.Linear(width, shape.visual_dim)
        self.residual = nn.Sequential(
            nn.Linear(width, shape.residual_width),
            nn.GELU(),
            nn.Linear(shape.residual_width, shape.semantic_dim),
        )
        self.colour = nn.Sequential(
            nn.Linear(width, shape.colour_width),
            nn.GELU(),
            nn.Linear(shape.colour_width, shape.colour_dim),
        )
        self.local = LocalHeads()
        # Shares of the visual, semantic and colour parts in the unit vector.
        self.shares = nn.Parameter(torch.full((3,), 3**-0.5))

    def pooled(self, x: Tensor) -> Tensor:
        """Describe pictures before any head: (n, 3, H, W) to (n, deep + texture + colour)."""
        return self.seen(x)[0]

    def seen(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return the result of `pooled`, and the map after each stage of the backbone."""
        colours = self.colours(x)
        x = self.backbone.bn1(self.backbone.conv_stem(x))
        maps: list[Tensor] = []
        texture: list[Tensor] = []
        for stage, block in enumerate(self.backbone.blocks):
            x = block(x)
            maps.append(x)
            if stage in self.shape.texture_stages:
                texture += _mean_and_deviation(x)
        x = self.backbone.bn2(self.backbone.conv_head(x))
        return torch.cat([x.mean((2, 3)), *texture, colours], dim=1), maps

    def parts(self, pooled: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the visual, semantic and colour parts, each of unit length."""
        # Autocast would run the class branch in bfloat16, too coarse for a softmax over names.
        with torch.autocast(pooled.device.type, enabled=False):
            pooled = pooled.float()
            deep = pooled[:, : self.shape.deep_dim]
            logits = self.backbone.classifier(deep) / self.class_temperature
            named = F.normalize(logits.softmax(dim=1) @ self.class_names, dim=1)
            x = (pooled - self.feature_mean) * self.feature_scale
            labelled = self.labels(x[:, : self.shape.deep_dim]).sigmoid() @ self.label_names
            named = named + self.label_share * F.normalize(labelled, dim=1)
            semantic = named + self.residual(x)
            return (
                F.normalize(self.visual(x), dim=1),
                F.normalize(semantic, dim=1),
                F.normalize(self.colour(x), dim=1),
            )

    def join(self, parts: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        """Weigh the three parts into one vector (n, d); `shares` keeps it of unit length."""
        return torch.cat([share * part for share, part in zip(self.shares, parts, strict=True)], 1)

    def forward(self, x: Tensor) -> Tensor:
        """Encode normalised pictures (n, 3, H, W) as unit vectors (n, d)."""
        return self.join(self.parts(self.pooled(x)))

    def forward_intermediates(self, x: Tensor, **_settings: object) -> tuple[Tensor, list[Tensor]]:
        """Return unit vectors as `forward` does, and the local heads' descriptions of each cell.

        The name and the order of results are timm's. Its settings choose among stages; this tower
        has no choice, and ignores them.
        """
        pooled, maps = self.seen(x)
        return self.join(self.parts(pooled)), self.local(maps, self.colours.lab(x))

    def forward_head(self, vectors: Tensor) -> Tensor:
        """Return the vectors as they are; timm calls this after `forward_intermediates`."""
        return vectors


def _mean_and_deviation(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean and standard deviation of every map, (n, c) float32 each.

    `Tensor.std` takes twenty times as long on CPU, and is coarser on bfloat16.
    """
    x = x.float()
    n = x.shape[2] * x.shape[3]
    mean = x.mean((2, 3))
    variance = (x.square().mean((2, 3)) - mean.square()) * (n / (n - 1))
    # Rounding may make the variance of a constant map negative, and a root has no slope at 0.
    return mean, variance.clamp(min=1e-12).sqrt()


@register_model
def findalike_tower(pretrained: bool = False, **_settings: object) -> ProductTower:
    """Build the tower for timm; its weights come with the checkpoint, never from a hub."""
    if pretrained:
        raise ValueError(f"{TOWER_NAME} has no weights of its own; load a checkpoint")
    return ProductTower()
